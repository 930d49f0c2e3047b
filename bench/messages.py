"""The requests of the benchmarks."""

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
    selectors = "".join(f'<w:Selector Name="{name}">{vmms.escape(value)}</w:Selector>' for name, value in dict(keys).items())
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


IDENTIFY = Request("wsman", (
    f'<s:Envelope xmlns:s="{vmms.NAMES["s"]}"><s:Body><i:Identify '
    'xmlns:i="http://schemas.dmtf.org/wbem/wsman/identity/1/wsmanidentity.xsd"/></s:Body></s:Envelope>'))
INVOKE = soap(f"{vmms.RESOURCE}{MANAGEMENT}/StartService", MANAGEMENT, {"Name": "vmms"})  # answered from memory


def get(machine):
    return soap(vmms.NAMES["x"] + "/Get", SYSTEM, vmms.machine_keys(machine))


def start_service(machine, method="StartService"):
    return soap(f"{vmms.RESOURCE}Vmms_GuestOSService/{method}", "Vmms_GuestOSService",
                vmms.service_keys(machine, "web.service"))


def query(wql, most=100, header=""):
    """Answered at once, without a Pull."""
    return soap(vmms.NAMES["n"] + "/Enumerate", "*", header=header, body=(
        f'<n:Enumerate xmlns:n="{vmms.NAMES["n"]}"><w:OptimizeEnumeration/><w:MaxElements>{most}</w:MaxElements>'
        f'<w:Filter Dialect="{vmms.WQL}">{vmms.escape(wql)}</w:Filter></n:Enumerate>'))


def associators(machine):
    return query(f'ASSOCIATORS OF {{{SYSTEM}.CreationClassName="{SYSTEM}",Name="{machine}"}}')


def enumerate_all(class_name):
    return soap(vmms.NAMES["n"] + "/Enumerate", class_name, body=f'<n:Enumerate xmlns:n="{vmms.NAMES["n"]}"/>')


def pull(class_name, context, most):
    return soap(vmms.NAMES["n"] + "/Pull", class_name, body=(
        f'<n:Pull xmlns:n="{vmms.NAMES["n"]}"><n:EnumerationContext>{context}</n:EnumerationContext>'
        f"<n:MaxElements>{most}</n:MaxElements></n:Pull>"))


def small_requests(machine):
    """By name, of any fleet; `machine` is the id of one of its virtual machines."""
    return {
        "Identify": IDENTIFY,
        "Get Msvm_ComputerSystem": get(machine),
        "Invoke, answered from memory": INVOKE,
        "Invoke StartService in a guest": start_service(machine),
    }


def large_requests():
    """By name: 20 columns of a fleet of MANY, all in one answer."""
    def text(value):
        return f"<VALUE>{value}</VALUE>"

    names = f"<VALUE.ARRAY>{''.join(map(text, COLUMNS))}</VALUE.ARRAY>"
    return {
        "Enumerate of 1000": query(QUERY, 2 * MANY, "<w:MaxEnvelopeSize>4000000</w:MaxEnvelopeSize>"),
        "CIM-XML ExecQuery of 1000": cimxml("ExecQuery", QueryLanguage=text("WQL"), Query=text(QUERY)),
        "CIM-XML EnumerateInstances of 1000": cimxml(
            "EnumerateInstances", ClassName=f'<CLASSNAME NAME="{SYSTEM}"/>', PropertyList=names),
    }
