"""What the benchmarks of requests share: a simulated fleet, and the requests."""

import base64
import pathlib
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests"))
import vmms  # noqa: E402

SYSTEM = "Msvm_ComputerSystem"
MANAGEMENT = "Msvm_VirtualSystemManagementService"
COLUMNS = ("Caption", "CreationClassName", "Description", "ElementName", "EnabledDefault", "EnabledState",
           "EnhancedSessionModeState", "HealthState", "InstallDate", "Name", "NumberOfNumaNodes", "OnTimeInMilliseconds",
           "OperationalStatus", "ProcessID", "ReplicationState", "RequestedState", "Status", "StatusDescriptions",
           "TimeOfLastConfigurationChange", "TimeOfLastStateChange")
QUERY = f"SELECT {', '.join(COLUMNS)} FROM {SYSTEM}"
MANY = 1000  # virtual machines of an enumeration


class Run:
    """Collects what must be undone at the end, as a test case would."""

    def __init__(self):
        self.cleanups = []

    def addCleanup(self, function, *arguments, **options):
        self.cleanups.append((function, arguments, options))

    def clean(self):
        for function, arguments, options in reversed(self.cleanups):
            function(*arguments, **options)


def fleet(folder, machines):
    file = folder / f"fleet{machines}.toml"
    file.write_text(
        '[host]\nname = "HOST1"\n[template.linux]\nstate = "running"\nsettings = { guest_service_interface = true }\n'
        '[[template.linux.guest.service]]\nname = "web"\nstate = "active"\n'
        f'[[fleet]]\nprefix = "vm"\ncount = {machines}\ntemplate = "linux"\n')
    return file


class Request:
    """What is posted again and again: to one of a daemon's URLs, with the headers of its protocol."""

    def __init__(self, protocol, body, method=""):
        token = base64.b64encode(f"{vmms.USER}:{vmms.PASSWORD}".encode()).decode()
        kind = {"wsman": "application/soap+xml;charset=UTF-8", "cimxml": 'application/xml; charset="utf-8"'}[protocol]
        self.protocol, self.body = protocol, body
        self.headers = {"Content-Type": kind, "Authorization": f"Basic {token}"}
        if protocol == "cimxml":
            self.headers |= {"CIMOperation": "MethodCall", "CIMMethod": method, "CIMObject": "root%2Fvirtualization%2Fv2"}


def soap(action, class_name, keys=(), body="", header=""):
    selectors = "".join(f'<w:Selector Name="{name}">{value}</w:Selector>' for name, value in dict(keys).items())
    return Request("wsman", (
        f'<s:Envelope xmlns:s="{vmms.NAMES["s"]}" xmlns:a="{vmms.NAMES["a"]}" xmlns:w="{vmms.NAMES["w"]}"><s:Header>'
        f"<a:Action>{action}</a:Action><a:To>x</a:To><a:MessageID>uuid:1</a:MessageID>{header}"
        f"<w:ResourceURI>{vmms.RESOURCE}{class_name}</w:ResourceURI>"
        + (f"<w:SelectorSet>{selectors}</w:SelectorSet>" if selectors else "")
        + f"</s:Header><s:Body>{body}</s:Body></s:Envelope>"))


def cimxml(name, **parameters):
    values = "".join(f'<IPARAMVALUE NAME="{parameter}">{text}</IPARAMVALUE>' for parameter, text in parameters.items())
    path = "".join(f'<NAMESPACE NAME="{part}"/>' for part in ("root", "virtualization", "v2"))
    return Request("cimxml", (
        '<?xml version="1.0" encoding="utf-8"?><CIM CIMVERSION="2.0" DTDVERSION="2.4"><MESSAGE ID="1" PROTOCOLVERSION="1.0">'
        f'<SIMPLEREQ><IMETHODCALL NAME="{name}"><LOCALNAMESPACEPATH>{path}</LOCALNAMESPACEPATH>{values}</IMETHODCALL>'
        "</SIMPLEREQ></MESSAGE></CIM>"), name)


def small_requests(machine):
    """By name, of any fleet; `machine` is the id of one of its virtual machines."""
    identify = Request("wsman", (
        f'<s:Envelope xmlns:s="{vmms.NAMES["s"]}"><s:Body><i:Identify '
        'xmlns:i="http://schemas.dmtf.org/wbem/wsman/identity/1/wsmanidentity.xsd"/></s:Body></s:Envelope>'))
    return {
        "Identify": identify,
        "Get Msvm_ComputerSystem": soap(vmms.NAMES["x"] + "/Get", SYSTEM, vmms.machine_keys(machine)),
        "Invoke, answered from memory": soap(f"{vmms.RESOURCE}{MANAGEMENT}/StartService", MANAGEMENT, {"Name": "vmms"}),
        "Invoke StartService in a guest": soap(vmms.RESOURCE + "Vmms_GuestOSService/StartService", "Vmms_GuestOSService",
                                               vmms.service_keys(machine, "web.service")),
    }


def large_requests():
    """By name: 20 columns of a fleet of MANY, all in one answer."""
    def text(value):
        return f"<VALUE>{value}</VALUE>"

    names = f"<VALUE.ARRAY>{''.join(map(text, COLUMNS))}</VALUE.ARRAY>"
    return {
        "Enumerate of 1000": soap(
            vmms.NAMES["n"] + "/Enumerate", "*", header="<w:MaxEnvelopeSize>4000000</w:MaxEnvelopeSize>",
            body=f'<n:Enumerate xmlns:n="{vmms.NAMES["n"]}"><w:OptimizeEnumeration/>'
                 f'<w:MaxElements>{2 * MANY}</w:MaxElements><w:Filter Dialect="{vmms.WQL}">{QUERY}</w:Filter></n:Enumerate>'),
        "CIM-XML ExecQuery of 1000": cimxml("ExecQuery", QueryLanguage=text("WQL"), Query=text(QUERY)),
        "CIM-XML EnumerateInstances of 1000": cimxml(
            "EnumerateInstances", ClassName=f'<CLASSNAME NAME="{SYSTEM}"/>', PropertyList=names),
    }


def a_machine(daemon):
    """The id of one of the fleet's virtual machines."""
    client = daemon.client()
    try:
        return next(m for m in client.enumerate(SYSTEM) if m["ElementName"] != "HOST1")["Name"]
    finally:
        client.close()
