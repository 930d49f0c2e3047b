#!/usr/bin/env python3
"""How objects are named in queries, association operations and references, over both protocols; and how queries compare
texts of any alphabet."""

import html
import xml.etree.ElementTree as ElementTree

import cimxml_test as cimxml
import vmms
import wire
from vmms import NAMES, Fault, Instance, escape
from wire import CIMV2, ENUMERATE, MANAGEMENT, V2, soap, uri, wql

tearDownModule = wire.record.check

SYSTEM, SETTINGS = "Msvm_ComputerSystem", "Msvm_VirtualSystemSettingData"
ASSOCIATION_FILTER = "http://schemas.dmtf.org/wbem/wsman/1/cimbinding/associationFilter"
SELECTOR_FILTER = "http://schemas.dmtf.org/wbem/wsman/1/wsman/SelectorFilter"
BINDING = "http://schemas.dmtf.org/wbem/wsman/1/cimbinding.xsd"

FLEET = r"""
[host]
name = "HOST1"

[[vm]]
name = "web1"
state = "running"
settings = { guest_service_interface = true }
[[vm.guest.service]]
name = "web"
[[vm.guest.service]]
name = "cron"
state = "active"

[[vm]]
name = "Сервер-01"
description = "Сервер управления"
[[vm]]
name = "Straße"
[[vm]]
name = "ÉCOLE"
[[vm]]
name = "😀 vm"
[[vm]]
name = "percent%_[a]"
[[vm]]
name = 'back\slash'
"""
MACHINES = {"web1", "Сервер-01", "Straße", "ÉCOLE", "😀 vm", "percent%_[a]", "back\\slash"}


def reference(class_name, keys, namespace=V2):
    """What stands in an endpoint reference."""
    return (f"<a:Address>{wire.ANONYMOUS}</a:Address><a:ReferenceParameters><w:ResourceURI>{uri(class_name, namespace)}"
            f"</w:ResourceURI>{wire.selectors(keys)}</a:ReferenceParameters>")


class Named(wire.Served):
    @classmethod
    def setUpClass(cls):
        folder = wire.pathlib.Path(wire.tempfile.mkdtemp(prefix="vmms-fleet-"))
        cls.addClassCleanup(wire.subprocess.run, ["rm", "-rf", str(folder)])
        (folder / "fleet.toml").write_text(FLEET)
        cls.daemon = vmms.Daemon(cls, "--simulate", folder / "fleet.toml", "--cimxml", "127.0.0.1:0")
        client = cls.daemon.client()
        cls.ids = {machine["ElementName"]: machine["Name"] for machine in client.enumerate(SYSTEM)}
        client.close()

    # CIM-XML
    def call(self, name, parameters, namespace=V2):
        client = vmms.Client(self.daemon.urls["cimxml"])
        self.addCleanup(client.close)
        response = client.exchange(cimxml.message(cimxml.intrinsic(name, parameters, namespace)).encode(),
                                   {"Content-Type": "application/xml", "CIMOperation": "MethodCall", "CIMMethod": name,
                                    "CIMObject": namespace.replace("/", "%2F")}, "/cimom")
        self.assertEqual(response.status, 200, response.content)
        element = ElementTree.fromstring(response.content)[0][0][0]
        error = element.find("ERROR")
        if error is not None:
            raise cimxml.CimError(error)
        return element

    def found(self, name, parameters):
        """The paths in an answer of CIM-XML, spelled alike."""
        paths = set()
        for item in self.call(name, parameters).find("IRETURNVALUE"):
            paths.add(self.path_of(item.find(".//INSTANCENAME") if item.tag != "INSTANCENAME" else item))
        return paths

    def path_of(self, name):
        keys = []
        for binding in name:
            inside = binding.find(".//INSTANCENAME")
            keys.append((binding.get("NAME"), binding.findtext("KEYVALUE") if inside is None else self.path_of(inside)))
        return name.get("CLASSNAME"), tuple(sorted(keys))

    # WS-Management
    def references(self, resource, inside):
        """The same of an enumeration of references."""
        items = self.enumerate(resource, inside + "<w:EnumerationMode>EnumerateEPR</w:EnumerationMode>")
        return {self.path_of_reference(item) for item in items}

    def path_of_reference(self, element):
        parameters = element.find("a:ReferenceParameters", NAMES)
        keys = []
        for selector in parameters.findall("w:SelectorSet/w:Selector", NAMES):
            inside = selector.find("a:EndpointReference", NAMES)
            keys.append((selector.get("Name"), (selector.text or "") if inside is None else self.path_of_reference(inside)))
        return parameters.findtext("w:ResourceURI", "", NAMES).rsplit("/", 1)[1], tuple(sorted(keys))

    def associated(self, kind, class_name, keys):
        return self.references(uri("*"), f'<w:Filter Dialect="{ASSOCIATION_FILTER}"><b:{kind} xmlns:b="{BINDING}"><b:Object>'
                                         f"{reference(class_name, keys)}</b:Object></b:{kind}></w:Filter>")

    def names(self, where):
        return {machine["ElementName"] for machine in self.query(f"SELECT * FROM {SYSTEM} WHERE {where}")}

    def system_keys(self, name="web1"):
        return vmms.machine_keys(self.ids[name])


class Queries(Named):
    def test_libvirts_question_for_virtual_machines(self):
        everything = f"SELECT * FROM {SYSTEM} WHERE "
        for where, expected in {
            "Name != __SERVER ": MACHINES,
            "__SERVER <> Name": MACHINES,
            "Name != __SERVER AND ElementName='web1'": {"web1"},
            "Name != __SERVER AND (EnabledState != 0 and EnabledState != 3 and EnabledState != 32769) ": {"web1"},
            "Name != __SERVER AND (EnabledState = 0 or EnabledState = 3 or EnabledState = 32769)": MACHINES - {"web1"},
            f"Name != __SERVER AND Name = '{self.ids['web1'].lower()}'": {"web1"},
            "Name = __SERVER": {"HOST1"},
            "ElementName = Name": {"HOST1"},
            "Name <> ElementName": MACHINES,
            "EnabledState > RequestedState": set(),
            "EnabledState < RequestedState": MACHINES | {"HOST1"},
            "__CLASS = CreationClassName": MACHINES | {"HOST1"},
        }.items():
            self.assertEqual(self.names(where), expected, where)
            query = cimxml.value("QueryLanguage", "WQL") + cimxml.value("Query", everything + where)
            self.assertEqual(len(self.found("ExecQuery", query)), len(expected), where)
        for where in ("Name != Nothing", "Name = EnabledState", "OperationalStatus = Name"):
            self.refused("CannotProcessFilter", soap(ENUMERATE, uri("*"), body=f"<n:Enumerate>{wql(everything + where)}"
                                                                               "</n:Enumerate>"))

    def test_texts_have_no_case_in_any_alphabet(self):
        for where, expected in {
            'ElementName = "сервер-01"': {"Сервер-01"},
            "ElementName = 'СЕРВЕР-01'": {"Сервер-01"},
            "ElementName LIKE 'серв%'": {"Сервер-01"},
            "ElementName LIKE '[а-я]%'": {"Сервер-01"},
            "ElementName LIKE '[А-Я]%'": {"Сервер-01"},
            "ElementName = 'école'": {"ÉCOLE"},
            "ElementName LIKE '_cole'": {"ÉCOLE"},
            "ElementName LIKE '[é]%'": {"ÉCOLE"},
            "ElementName = 'STRASSE'": {"Straße"},
            "ElementName LIKE 'stra_e'": {"Straße"},
            "ElementName LIKE '_ vm'": {"😀 vm"},
            "ElementName LIKE '[😀] vm'": {"😀 vm"},
            "ElementName LIKE '%[%][_][[]%'": {"percent%_[a]"},
            "ElementName > 'а'": {"Сервер-01", "😀 vm"},
            "NOT ElementName < 'ä' AND Name != __SERVER": {"Сервер-01", "😀 vm", "ÉCOLE"},
        }.items():
            self.assertEqual(self.names(where), expected, where)

    def test_a_lone_backslash_of_a_pattern(self):
        for pattern in (r"%\slash", r"%\\slash", r"back[\]slash", r"%\%"):
            self.assertEqual(self.names(f"ElementName LIKE '{pattern}'"), {"back\\slash"}, pattern)
        self.assertEqual(self.names(r"ElementName = 'back\\slash'"), {"back\\slash"})
        with self.assertRaises(AssertionError):
            self.names(r"ElementName = 'back\slash'")

    def test_dates_of_microsofts_pages(self):
        for where, found in {"InstallDate > '1/31/2001'": True, "InstallDate > '31 January, 2001 3:23 PM'": True,
                             "InstallDate < 'Jan 2001'": False, "InstallDate >= '20010131'": True,
                             "InstallDate > '2001-01-31 15:23:00:000'": True}.items():
            self.assertEqual(self.names(where + " AND ElementName = 'web1'"), {"web1"} if found else set(), where)

    def test_what_microsoft_calls_invalid_is_refused(self):
        services = f"SELECT Name FROM Vmms_GuestOSService WHERE SystemName = '{self.ids['web1']}' AND "
        for query in (services + "Started >= 0", services + "Started <= TRUE", services + "Started > FALSE",
                      services + "Started >= NULL", f"SELECT * FROM {SYSTEM} WHERE EnabledState IS 5",
                      f"SELECT * FROM {SYSTEM} WHERE Name IS NOT 'x'",
                      f"ASSOCIATORS OF {{{SETTINGS}='x'}} WHERE ClassDefsOnly ResultClass={SYSTEM}",
                      f"ASSOCIATORS OF {{{SETTINGS}='x'}} WHERE ResultClass={SYSTEM} AND Role=ManagedElement"):
            self.refused("CannotProcessFilter", soap(ENUMERATE, uri("*"), body=f"<n:Enumerate>{wql(query)}</n:Enumerate>"))
            with self.assertRaises(cimxml.CimError) as refused:
                self.call("ExecQuery", cimxml.value("QueryLanguage", "WQL") + cimxml.value("Query", query))
            self.assertEqual(refused.exception.code, 15, query)
        self.assertEqual(len(self.query(services + "Started = 1")), 1)
        self.assertEqual(len(self.query(services + "Started <> TRUE")), 1)

    def test_the_part_of_cql_that_is_wql(self):
        def query(language, text):
            return cimxml.value("QueryLanguage", language) + cimxml.value("Query", text)

        for language in ("DMTF:CQL", "CIM:CQL", "dmtf:cql"):
            self.assertEqual(len(self.found("ExecQuery", query(language, f"SELECT * FROM {SYSTEM}"))), 8)
            self.assertEqual(len(self.found("ExecQuery", query(language, f"SELECT {SYSTEM}.* FROM {SYSTEM}"))), 8)
            self.assertEqual(len(self.found("ExecQuery", query(
                language, f"select {SYSTEM}.Name from {SYSTEM} where {SYSTEM}.ElementName = 'web1' AND EnabledState <> 3"))), 1)
            opened = (cimxml.value("FilterQueryLanguage", language) + cimxml.value("MaxObjectCount", 100)
                      + cimxml.value("FilterQuery", f"SELECT * FROM {SYSTEM} WHERE ElementName = 'web1'"))
            self.assertEqual(len(self.call("OpenQueryInstances", opened).find("IRETURNVALUE")), 1)
            for pattern, expected in (("we.1", 1), ("WEB1*", 1), ("percent%_.a.", 1), (".*", 8), ("ho*s*t1", 1),
                                      ("stra.e", 1), ("STRASSE", 1), (".* vm", 1), ("[w]eb1", 0), ("web", 0), ("%", 0),
                                      (r"back\\\\slash", 1)):
                self.assertEqual(len(self.found("ExecQuery", query(
                    language, f"SELECT * FROM {SYSTEM} WHERE ElementName LIKE '{pattern}'"))), expected, pattern)
            for text in (f"SELECT * FROM {SYSTEM} WHERE Name LIKE '*a'", f"ASSOCIATORS OF {{{SETTINGS}='x'}}"):
                with self.assertRaises(cimxml.CimError) as refused:
                    self.call("ExecQuery", query(language, text))
                self.assertEqual(refused.exception.code, 15)
        with self.assertRaises(cimxml.CimError) as refused:
            self.call("ExecQuery", query("DMTF:XQL", f"SELECT * FROM {SYSTEM}"))
        self.assertEqual(refused.exception.code, 14)


class Sources(Named):
    def ways(self):
        """Names of two objects: of each a path in WQL, and a class with keys."""
        system = self.ids["web1"]
        full = self.system_keys()
        settings = "Microsoft:" + system
        return {
            "machine": [
                (f"{SYSTEM}.CreationClassName='{SYSTEM}',Name='{system}'", SYSTEM, full),
                (f'CIM_ComputerSystem.CreationClassName="{SYSTEM}",Name="{system}"', "CIM_ComputerSystem", full),
                (f'CIM_System.Name="{system}",CreationClassName="{SYSTEM.lower()}"', "CIM_System", full),
                (f'{SYSTEM.lower()}.name="{system.lower()}"', SYSTEM.lower(), {"name": system.lower()}),
                (f'{SYSTEM}.Name="{system}"', SYSTEM, {"Name": system}),
                (rf'\\HOST1\root\virtualization\v2:{SYSTEM}.CreationClassName="{SYSTEM}",Name="{system}"', SYSTEM, full),
                (rf'\\.\ROOT\Virtualization\V2:{SYSTEM}.Name="{system}"', "cim_managedelement", full),
            ],
            "settings": [
                (f"{SETTINGS}.InstanceID='{settings}'", SETTINGS, {"InstanceID": settings}),
                (f"{SETTINGS}='{settings}'", SETTINGS, {"InstanceID": settings.lower()}),
                (f'CIM_SettingData="{settings}"', "CIM_SettingData", {"InstanceID": settings}),
                (f'CIM_ManagedElement.InstanceID="{settings.upper()}"', "CIM_ManagedElement", {"InstanceID": settings}),
            ],
        }

    def test_all_operations_find_the_same(self):
        # A job, which is associated with the machine, too.
        self.invoke(SYSTEM, self.system_keys("Straße"), "RequestStateChange", "<c:RequestedState>2</c:RequestedState>")
        ways = self.ways()
        for what, names in ways.items():
            expected = None
            for path, class_name, keys in names:
                for kind, statement, operation in (("AssociatedInstances", "ASSOCIATORS", "Associators"),
                                                   ("AssociationInstances", "REFERENCES", "References")):
                    in_wql = self.references(uri("*"), wql(f"{statement} OF {{{path}}}"))
                    source = cimxml.parameter("ObjectName", cimxml.instance_name(class_name, keys))
                    found = [in_wql, self.associated(kind, class_name, keys), self.found(operation, source),
                             self.found(operation[:-1] + "Names", source)]
                    opened = cimxml.parameter("InstanceName", cimxml.instance_name(class_name, keys)) + \
                        cimxml.value("MaxObjectCount", 1000)
                    found.append(self.found(f"Open{operation[:-1]}Instances", opened))
                    found.append(self.found(f"Open{operation[:-1]}InstancePaths", opened))
                    expected = expected or {}
                    expected.setdefault(kind, in_wql)
                    self.assertGreater(len(in_wql), 3)
                    for each in found:
                        self.assertEqual(each, expected[kind], f"{what}: {path} {keys} {kind}")
                # Of one association: by a selector filter, and by a WHERE clause with the reference as text.
                association, role = ("Msvm_SettingsDefineState", "ManagedElement") if what == "machine" else \
                    ("Msvm_VirtualSystemSettingDataComponent", "GroupComponent")
                inside = (f'<w:Filter Dialect="{SELECTOR_FILTER}"><w:SelectorSet><w:Selector Name="{role}">'
                          f"<a:EndpointReference>{reference(class_name, keys)}</a:EndpointReference></w:Selector>"
                          "</w:SelectorSet></w:Filter>")
                text = path.replace("\\", "\\\\").replace("'", "\\'").replace('"', '\\"')
                only = {each for each in expected["AssociationInstances"] if each[0] == association}
                self.assertTrue(only)
                self.assertEqual(self.references(uri(association), inside), only, path)
                for where in (f"{role} = '{text}'", f'"{text}" = {role}', f"{role} = '{text}' OR {role} = '{text}'"):
                    self.assertEqual(self.references(uri("*"), wql(f"SELECT * FROM {association} WHERE {where}")), only, where)

    def test_cases(self):
        web = self.ids["web1"]
        superclass = f'CIM_ComputerSystem.CreationClassName="{SYSTEM}",Name="{web}"'
        self.assertEqual(len(self.query(f"ASSOCIATORS OF {{{superclass}}} WHERE ResultClass={SETTINGS}")), 1)
        self.invoke(SYSTEM, self.system_keys("ÉCOLE"), "RequestStateChange", "<c:RequestedState>2</c:RequestedState>")
        partial = f'{SYSTEM}.Name="{self.ids["ÉCOLE"]}"'
        self.assertEqual(len(self.query(f"ASSOCIATORS OF {{{partial}}} WHERE AssocClass=Msvm_AffectedJobElement")), 1)
        self.assertEqual(len(self.query(f"ASSOCIATORS OF {{{partial}}} WHERE ResultClass={SETTINGS}")), 1)
        for where in (f"__PATH = \"{SYSTEM}.CreationClassName='{SYSTEM}'\"",
                      f"__RELPATH = \"CIM_System.CreationClassName='{SYSTEM}'\"", f"__PATH = '{SYSTEM}'",
                      f"__PATH = \"{SYSTEM}.CreationClassName='{SYSTEM}'\" OR Name = 'nobody'"):
            self.assertEqual(self.names(where), set(), "it names no object, as in Get")
        self.assertEqual(self.names(f"__PATH = \"{SYSTEM}.Name='{web}'\""), {"web1"})
        self.assertEqual(self.names(f"__PATH = \"CIM_ManagedElement.Name='{web}'\""), {"web1"})
        by_path = self.query(f"SELECT * FROM {SYSTEM} WHERE __PATH = '{superclass}'".replace('"', '\\"'))
        self.assertEqual([machine["ElementName"] for machine in by_path], ["web1"])

    def test_names_of_nothing_and_of_several(self):
        web = self.ids["web1"]
        for path in (f"{SYSTEM}.Name='nobody'", f"{SYSTEM}.CreationClassName='{SYSTEM}'",
                     f"Msvm_PlannedComputerSystem.CreationClassName='Msvm_PlannedComputerSystem',Name='{web}'",
                     "Msvm_GuestServiceInterfaceComponent.DeviceID='nothing'"):
            answer = self.send(soap(ENUMERATE, uri("*"), body="<n:Enumerate><w:OptimizeEnumeration/>"
                                    f"{wql(f'REFERENCES OF {{{path}}}')}</n:Enumerate>"))
            self.assertNotEqual(answer.status, 200, path)
            self.assertRegex(answer.fault.text, "no instance|no virtual machine|no such|fits more than one", path)
        for path in (rf"\\OTHER\root\virtualization\v2:{SYSTEM}.Name='{web}'", f"root/cimv2:{SYSTEM}.Name='{web}'",
                     f"{SYSTEM}='{web}'", f"{SYSTEM}.Colour='red'"):
            answer = self.send(soap(ENUMERATE, uri("*"), body="<n:Enumerate><w:OptimizeEnumeration/>"
                                    f"{wql(f'ASSOCIATORS OF {{{path}}}')}</n:Enumerate>"))
            self.assertNotEqual(answer.status, 200, path)

    def test_a_condition_on_a_name_of_nothing_fits_nothing(self):
        """Alone as beside others, and all that is there does not equal it."""
        web = self.ids["web1"]
        every = len(self.query("SELECT * FROM Msvm_SystemDevice"))
        self.assertGreater(every, 0)
        for path in (f"{SYSTEM}.Name='nobody'", f"{SYSTEM}.CreationClassName='{SYSTEM}'", SYSTEM, f"{SYSTEM}='{web}'",
                     f"{SYSTEM}.Colour='red'", "Msvm_Nothing.Name='x'", f"root/cimv2:{SYSTEM}.Name='{web}'",
                     rf"\\OTHER\root\virtualization\v2:{SYSTEM}.Name='{web}'"):
            text = path.replace("\\", "\\\\")
            equal = f'GroupComponent = "{text}"'
            for where in (equal, f"{equal} AND __CLASS = 'Msvm_SystemDevice'", f"{equal} OR __CLASS = 'x'"):
                self.assertEqual(self.query(f"SELECT * FROM Msvm_SystemDevice WHERE {where}"), [], where)
            for where in (f"NOT {equal}", equal.replace("=", "!=", 1)):
                self.assertEqual(len(self.query(f"SELECT * FROM Msvm_SystemDevice WHERE {where}")), every, where)

    def test_the_command_completes_keys(self):
        settings = "Microsoft:" + self.ids["web1"]
        for path in (f"{SETTINGS}='{settings}'", f'{SETTINGS}.InstanceID="{settings}"', f'cim_settingdata="{settings}"'):
            self.assertEqual(self.daemon.json("get", path)["ElementName"], "web1")


class References(Named):
    def add(self, target):
        """What AddKvpItems answers: its return value, or the fault's text."""
        item = ('<INSTANCE CLASSNAME="Msvm_KvpExchangeDataItem"><PROPERTY NAME="Name" TYPE="string"><VALUE>a</VALUE></PROPERTY>'
                '<PROPERTY NAME="Data" TYPE="string"><VALUE>1</VALUE></PROPERTY><PROPERTY NAME="Source" TYPE="uint16">'
                "<VALUE>0</VALUE></PROPERTY></INSTANCE>")
        inputs = f"<c:TargetSystem>{target}</c:TargetSystem><c:DataItems>{escape(item)}</c:DataItems>"
        resource = uri(MANAGEMENT)
        answer = self.send(soap(f"{resource}/AddKvpItems", resource, {}, f'<c:AddKvpItems_INPUT xmlns:c="{resource}">'
                                                                         f"{inputs}</c:AddKvpItems_INPUT>"))
        if answer.status != 200:
            return answer.fault
        return int(Instance.read(answer.body)["ReturnValue"])

    def items(self, name="web1"):
        setting = self.get("Msvm_KvpExchangeComponentSettingData", {
            "InstanceID": rf"Microsoft:{self.ids[name]}\2A34B1C2-FD73-4043-8A5B-DD2159BC743F"}).instance
        return setting.get("HostExchangeItems") or ""

    def test_one_that_names_no_machine_is_refused(self):
        web = self.ids["web1"]
        full = self.system_keys()
        planned = {"CreationClassName": "Msvm_PlannedComputerSystem", "Name": web}
        for target in (reference("Msvm_PlannedComputerSystem", planned), reference(SYSTEM, full, CIMV2),
                       reference(SYSTEM, full, "root/virtualization"), reference(SYSTEM, full | {"Name": "nobody"}),
                       reference("CIM_ComputerSystem", planned), reference(SYSTEM, {}),
                       reference(SYSTEM, {"CreationClassName": SYSTEM}), reference(SYSTEM, {"Colour": web}),
                       reference(SETTINGS, {"InstanceID": "Microsoft:" + web}), reference("Msvm_Nothing", full),
                       reference("Vmms_GuestOSService", vmms.service_keys(web, "web.service"))):
            refused = self.add(target)
            self.assertIsInstance(refused, Fault, target)
            self.assertIn("TargetSystem", refused.text, target)
            self.assertEqual(self.items(), "", target)

    def test_one_that_names_a_machine_in_any_way_is_taken(self):
        web = self.ids["Straße"]
        setting = rf"Microsoft:{web}\2A34B1C2-FD73-4043-8A5B-DD2159BC743F"
        for class_name, keys in ((SYSTEM, {"Name": web.lower()}), ("CIM_ComputerSystem", vmms.machine_keys(web)),
                                 ("cim_system", {"CreationClassName": SYSTEM.lower(), "name": web})):
            self.assertEqual(self.add(reference(class_name, keys)), 0, class_name)
            self.assertIn("<VALUE>1</VALUE>", html.unescape(self.items("Straße")))
            item = '<INSTANCE CLASSNAME="Msvm_KvpExchangeDataItem"><PROPERTY NAME="Name" TYPE="string"><VALUE>a</VALUE></PROPERTY></INSTANCE>'
            self.invoke(MANAGEMENT, {}, "RemoveKvpItems", f"<c:TargetSystem>{reference(class_name, keys)}</c:TargetSystem>"
                                                          f"<c:DataItems>{escape(item)}</c:DataItems>")
            self.assertEqual(self.items("Straße"), "", setting)


class Namespaces(Named):
    def test_blanks_around_the_namespace_selector(self):
        dmtf = "http://schemas.dmtf.org/wbem/wscim/1/"
        for blank in (" ", "\n            ", "\t", "\r\n"):
            keys = {"__cimnamespace": f"{blank}root/virtualization/v2{blank}"}
            first = self.ask(soap(ENUMERATE, dmtf + "*", keys, f"<n:Enumerate><w:OptimizeEnumeration/><w:MaxElements>20"
                                  f"</w:MaxElements>{wql(f'SELECT * FROM {SYSTEM}')}</n:Enumerate>"))
            found = [item for answer in (first, *self.pull_all(first, dmtf + "*")) for item in answer.items]
            self.assertEqual(len(found), 8, repr(blank))
            got = self.ask(soap(wire.GET, wire.DMTF + SYSTEM, self.system_keys() | keys)).instance
            self.assertEqual(got["ElementName"], "web1")
            self.ask(soap(wire.GET, uri(SYSTEM), self.system_keys() | keys))
        self.assertNotEqual(self.send(soap(wire.GET, wire.DMTF + SYSTEM, self.system_keys() | {
            "__cimnamespace": "root/virtu alization/v2"})).status, 200)


if __name__ == "__main__":
    vmms.main()
