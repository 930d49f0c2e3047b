#!/usr/bin/env python3
"""vmmsd's answers compared with those recorded from a Windows 11 host: the same elements, attributes and order."""

import re

import vmms
import wire
from vmms import NAMES, machine_keys
from wire import ENUMERATE, PULL, soap, uri

tearDownModule = wire.record.check

RECORDED = vmms.SOURCE / "tests" / "captures" / "recorded-host"
SYSTEM = "Msvm_ComputerSystem"

# What differs: the property, and why. Nothing else may.
ONLY_THERE_HAVE_VALUES = {
    "HwThreadsPerCoreRealized": "no such threads are simulated",
}
ONLY_HERE_HAVE_VALUES = {}
ONLY_THERE = {}
ONLY_HERE = {}
# Of a certain host and VM, or in its language.
VARYING = ("Caption", "Description", "ElementName", "EnhancedSessionModeState", "HwThreadsPerCoreRealized",
           "InstallDate", "Name", "OnTimeInMilliseconds", "ProcessID", "StatusDescriptions",
           "TimeOfLastConfigurationChange", "TimeOfLastStateChange")
# New in Windows 11, after the hosts that the classes were taken from.
NEW = ("HwThreadsPerCoreRealized", "ManagementVtlImageFileName", "ManagementVtlImageVersion")


def elements(text):
    """Each element in its order, with its prefix and its attributes as they are written; "/" ends one that has content.
    Of the language the value is left out. Our SelectorSet declares its prefix, for clients that copy it alone."""
    found = []
    for end, name, attributes, empty in re.findall(r'<(/?)([\w.:]+)((?: [\w:]+="[^"]*")*)(/?)>', text):
        pairs = re.findall(r' ([\w:]+)="([^"]*)"', attributes)
        pairs = [(key, "" if key == "xml:lang" else value) for key, value in pairs]
        if name == "w:SelectorSet":
            pairs = [pair for pair in pairs if pair != ("xmlns:w", NAMES["w"])]
        found.append((end + name + empty, *pairs))
    return found


def properties(instance):
    return re.findall(r"<p:(\w+)[ >/]", instance)[1:]


def nil(instance):
    return set(re.findall(r'<p:(\w+) xsi:nil="true"/>', instance))


def without_nil(found):
    """As if what is NULL on one side only were NULL on both."""
    names = set(ONLY_THERE_HAVE_VALUES) | set(ONLY_HERE_HAVE_VALUES)
    result = []
    for element in found:
        name = element[0].strip("/").removeprefix("p:")
        if name not in names:
            result.append(element)
        elif not element[0].startswith("/"):
            result.append((f"p:{name}",))
    return result


def values(instance):
    return {name: value for name, value in re.findall(r"<p:(\w+)>(.*?)</p:\1>", instance) if name not in VARYING}


class BesideARecordedHost(wire.Served):
    GUEST = "F0000000-0000-4000-8000-000000000015"
    fleet = f"""
[host]
name = "HOST1"

[[vm]]
name = "guest"
id = "{GUEST}"
state = "running"
"""

    def recorded(self, name):
        return (RECORDED / f"recorded_{name}.xml").read_text().strip()

    def begin(self, class_name=SYSTEM):
        return self.ask(soap(ENUMERATE, uri(class_name), body="<n:Enumerate/>"))

    def pull(self, context, class_name=SYSTEM):
        body = f"<n:Pull><n:EnumerationContext>{context}</n:EnumerationContext></n:Pull>"
        return self.ask(soap(PULL, uri(class_name), body=body))

    def both(self):
        """The VM, with which the enumeration goes on, and the host, with which it ends. Recorded was the opposite."""
        context = self.begin().context
        return self.pull(context).text, self.pull(context).text

    @staticmethod
    def instance(text):
        return re.search(f"(?s)<p:{SYSTEM} .*</p:{SYSTEM}>", text).group(0)

    def around(self, text):
        return elements(text.replace(self.instance(text), ""))

    def test_enumerate(self):
        self.assertEqual(elements(self.begin().text), elements(self.recorded("computersystem_enumerate")))

    def test_an_item_with_which_an_enumeration_goes_on(self):
        self.assertEqual(self.around(self.both()[0]), self.around(self.recorded("computersystem_pull_host")))

    def test_an_item_with_which_an_enumeration_ends(self):
        self.assertEqual(self.around(self.both()[1]), self.around(self.recorded("computersystem_pull_vm_running_eos")))

    def test_the_host(self):
        ours, theirs = self.instance(self.both()[1]), self.instance(self.recorded("computersystem_pull_host"))
        self.assertEqual(elements(ours), elements(theirs))
        self.assertEqual(values(ours), values(theirs))

    def test_a_running_vm(self):
        ours, theirs = self.instance(self.both()[0]), self.instance(self.recorded("computersystem_pull_vm_running_eos"))
        self.assertEqual(without_nil(elements(ours)), without_nil(elements(theirs)))
        self.assertEqual(nil(ours) - nil(theirs), set(ONLY_THERE_HAVE_VALUES))
        self.assertEqual(nil(theirs) - nil(ours), set(ONLY_HERE_HAVE_VALUES))
        self.assertEqual(values(ours), values(theirs))

    def test_the_properties_are_the_same_but_for_those_listed(self):
        theirs = properties(self.instance(self.recorded("computersystem_pull_vm_running_eos")))
        ours = properties(self.get(SYSTEM, machine_keys(self.GUEST)).body_text)
        self.assertEqual([name for name in theirs if name not in ours], list(ONLY_THERE))
        self.assertEqual([name for name in ours if name not in theirs], list(ONLY_HERE))
        self.assertLessEqual(set(NEW), set(ours))

    def test_what_a_job_affects(self):
        for state in (3, 2):
            self.change_state(self.GUEST, state)
        context = self.begin("Msvm_AffectedJobElement").context
        self.pull(context, "Msvm_AffectedJobElement")
        ours = self.pull(context, "Msvm_AffectedJobElement").text
        # The recorded job affects settings, which have one key; ours affects a system, which has two.
        keys = r'(<w:Selector Name=")CreationClassName">[^<]*</w:Selector><w:Selector Name="Name(">)'
        ours = re.sub(keys, r"\1InstanceID\2", ours)
        self.assertEqual(elements(ours), elements(self.recorded("affectedjobelement_pull")))


if __name__ == "__main__":
    vmms.main()
