// The law: what a request costs, in instructions and in memory, is at most linear in its size times the objects that it
// looks at. Each row of the table names a grammar, how its inputs are made, and what takes them; callgrind counts, and
// cost_law_test.py judges. Another row is one line.
//
// Prints a line for each measurement: ROW <tab> SIZE <tab> OBJECTS <tab> PEAK BYTES, and has callgrind write a dump.
#include "grammars.hpp"
#include "subjects.hpp"

#include <malloc.h>
#include <spdlog/spdlog.h>
#include <valgrind/callgrind.h>

#include <cstdio>
#include <cstdlib>
#include <new>
#include <string>
#include <string_view>
#include <vector>

namespace {

// What operator new has given and not got back, and the most that it was.
std::size_t live = 0;
std::size_t peak = 0;

void* allocate(std::size_t size) {
  void* memory = std::malloc(size);
  if (memory == nullptr) throw std::bad_alloc();
  live += malloc_usable_size(memory);
  if (live > peak) peak = live;
  return memory;
}

void release(void* memory) {
  if (memory != nullptr) live -= malloc_usable_size(memory);
  std::free(memory);
}

}  // namespace

void* operator new(std::size_t size) { return allocate(size); }
void* operator new[](std::size_t size) { return allocate(size); }
void operator delete(void* memory) noexcept { release(memory); }
void operator delete[](void* memory) noexcept { release(memory); }
void operator delete(void* memory, std::size_t) noexcept { release(memory); }
void operator delete[](void* memory, std::size_t) noexcept { release(memory); }

namespace cost_law {
namespace {

using Generator = std::function<std::string(std::size_t size)>;

struct Row {
  std::string_view name;
  Generator input;
  Subject subject;
  std::size_t first = 8 * 1024;  ///< the smallest size; three times it doubles
  bool many_objects = false;     ///< the objects grow, and the size does not
};

std::string n(std::size_t i) { return std::to_string(i); }

const std::vector<Row>& rows() {
  using S = std::size_t;
  static const std::vector<Row> table = {
      // HTTP
      {"http: fields", [](S s) { return "POST / HTTP/1.1\r\nHost: x\r\n" + repeated(s, "a: b\r\n") + "\r\n"; },
       http_whole, 1024},
      {"http: a long field by bytes",
       [](S s) { return "POST / HTTP/1.1\r\nHost: x\r\nX: " + std::string(s, 'a') + "\r\n\r\n"; }, http_bytes, 1024},
      {"http: fields by bytes",
       [](S s) {
         return "POST / HTTP/1.1\r\nHost: x\r\n" +
                repeated(s, "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa: bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb\r\n") +
                "\r\n";
       },
       http_bytes, 1024},
      {"http: codings",
       [](S s) { return "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: " + repeated(s, "a,") + "\r\n\r\n"; },
       http_whole, 1024},
      {"http: host", [](S s) { return "POST / HTTP/1.1\r\nHost: " + repeated(s, "%41") + "\r\n\r\n"; }, http_whole,
       1024},
      {"http: chunks",
       [](S s) {
         return "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n" + repeated(s, "1\r\na\r\n") +
                "0\r\n\r\n";
       },
       http_whole},
      {"http: chunks by bytes",
       [](S s) {
         return "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n" + repeated(s, "1\r\na\r\n") +
                "0\r\n\r\n";
       },
       http_bytes},
      {"http: chunk extensions by bytes",
       [](S s) {
         return "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n1" + repeated(s, ";a=b") +
                "\r\na\r\n0\r\n\r\n";
       },
       http_bytes, 1024},
      // XML
      {"xml: elements", [](S s) { return "<a>" + repeated(s, "<b/>") + "</a>"; }, xml},
      {"xml: depth", [](S s) { return repeated(s, nested(60, "<a>", "", "</a>")); }, xml},
      {"xml: depth in one", [](S s) { return "<r>" + repeated(s, nested(60, "<a>", "", "</a>")) + "</r>"; }, xml},
      {"xml: attributes",
       [](S s) {
         return "<r>" + repeated(s, "<a" + items(600, [](S i) { return " a" + n(i) + "=\"\""; }) + "/>") + "</r>";
       },
       xml},
      {"xml: prefixes",
       [](S s) {
         return "<r" + items(700, [](S i) { return " xmlns:p" + n(i) + "=\"u\""; }) + ">" + repeated(s, "<p0:a/>") +
                "</r>";
       },
       xml},
      {"xml: declared in each",
       [](S s) {
         return "<r>" +
                repeated(s, "<a" + items(700, [](S i) { return " xmlns:p" + n(i) + "=\"u" + n(i) + "\""; }) + "/>") +
                "</r>";
       },
       xml},
      {"xml: long namespaces of attributes",
       [](S s) {
         return "<r" +
                items(s / 2, [s](S i) { return " xmlns:p" + n(i) + "=\"" + std::string(s / 120, 'u') + n(i) + "\""; }) +
                ">" + repeated(s / 2, "<a" + items(180, [](S i) { return " p" + n(i) + ":b=\"\""; }) + "/>") + "</r>";
       },
       xml},
      {"xml: references",
       [](S s) { return "<r a=\"" + repeated(s / 2, "&#65;") + "\">" + repeated(s / 2, "&lt;") + "</r>"; }, xml},
      {"xml: a reference without end", [](S s) { return "<r>&" + std::string(s, 'a') + "</r>"; }, xml},
      {"xml: brackets", [](S s) { return "<r>" + std::string(s, ']') + "</r>"; }, xml},
      {"xml: comments and instructions", [](S s) { return "<r>" + repeated(s, "<!-- - --><?p x?>") + "</r>"; }, xml},
      {"xml: CDATA sections", [](S s) { return "<r>" + repeated(s, "<![CDATA[]]]]>") + "</r>"; }, xml},
      {"xml: one name", [](S s) { return "<" + repeated(s, "\u00e9") + "/>"; }, xml},
      {"xml: line ends", [](S s) { return "<r>" + repeated(s, "\r\n\r") + "</r>"; }, xml},
      // Object paths as text
      {"path: keys", path_of_keys, object_path},
      {"path: nested", [](S s) { return nested_path(8, std::string(s / 512, '"')); }, object_path},
      {"path: nested too deeply", [](S s) { return nested_path(9, std::string(s / 1024, '"')); }, object_path},
      {"path: escapes", [](S s) { return "X.A=" + in_quotes(std::string(s, '\\')); }, object_path},
      {"path: namespace", [](S s) { return "//h/" + repeated(s, "a", "/") + ":X.A=1"; }, object_path},
      {"path: the only key", [](S s) { return "X=" + in_quotes(std::string(s, '"')); }, object_path},
      {"path: lone backslashes", [](S s) { return "X.A='" + repeated(s, "\\a") + "'"; }, object_path},
      {"path: class", [](S s) { return std::string(s, 'a'); }, object_path},
      // Dates
      {"time: digits", [](S s) { return "PT" + std::string(s, '1') + "S"; }, times},
      {"time: zeros", [](S s) { return "P" + std::string(s, '0') + "D"; }, times},
      {"time: fraction", [](S s) { return "PT1." + std::string(s, '0') + "S"; }, times},
      {"time: parts", [](S s) { return "P" + repeated(s, "1D"); }, times},
      // SOAP
      {"soap: header blocks", [](S s) { return soap_header(repeated(s, "<x/>")); }, wsman},
      {"soap: text", [](S s) { return soap_header("<x>" + std::string(s, 'a') + "</x>"); }, wsman},
      {"soap: UTF-16", [](S s) { return wide(soap_header("<x>" + std::string(s / 2, 'a') + "</x>")); }, wsman},
      {"soap: options",
       [](S s) {
         return soap_header("<w:OptionSet>" + repeated(s, "<w:Option Name=\"ExcludeNilProperties\"/>") +
                            "</w:OptionSet>");
       },
       wsman},
      {"soap: selectors",
       [](S s) { return soap_get(items(s, [](S i) { return "<w:Selector Name=\"k" + n(i) + "\">1</w:Selector>"; })); },
       wsman},
      {"soap: one selector",
       [](S s) { return soap_get("<w:Selector Name=\"InstanceID\">" + std::string(s, '"') + "</w:Selector>"); }, wsman},
      {"soap: nested references",
       [](S s) {
         return soap_get("<w:Selector Name=\"InstanceID\">" + nested_references(7, std::string(s, '"')) +
                         "</w:Selector>");
       },
       wsman},
      {"soap: references nested too deeply",
       [](S s) {
         return soap_get("<w:Selector Name=\"InstanceID\">" + nested_references(14, std::string(s, '"')) +
                         "</w:Selector>");
       },
       wsman},
      {"soap: nested references as a filter",
       [](S s) {
         return soap_selector_filter("<w:Selector Name=\"InstanceID\">" + nested_references(7, std::string(s, '"')) +
                                     "</w:Selector>");
       },
       wsman},
      {"soap: selectors of a filter",
       [](S s) {
         return soap_selector_filter(items(s, [](S i) { return "<w:Selector Name=\"k" + n(i) + "\">1</w:Selector>"; }));
       },
       wsman},
      {"soap: selectors of a reference",
       [](S s) {
         return soap_echo("<System><a:ReferenceParameters><w:ResourceURI>" + std::string(class_uri) +
                          "X</w:ResourceURI><w:SelectorSet>" +
                          items(s, [](S i) { return "<w:Selector Name=\"k" + n(i) + "\"/>"; }) +
                          "</w:SelectorSet></a:ReferenceParameters></System>");
       },
       wsman},
      {"soap: nested references as an argument",
       [](S s) { return soap_echo("<System>" + nested_references(8, std::string(s, '"')) + "</System>"); }, wsman},
      {"soap: numbers", [](S s) { return soap_echo(repeated(s, "<Numbers>1</Numbers>")); }, wsman},
      {"soap: unknown arguments", [](S s) { return soap_echo(repeated(s, "<Nothing/>")); }, wsman},
      {"soap: a text", [](S s) { return soap_echo("<Text>" + repeated(s, "&lt;") + "</Text>"); }, wsman},
      {"soap: embedded instances",
       [](S s) { return soap_echo(repeated(s, "<Settings>" + escaped(instance_text("")) + "</Settings>")); }, wsman},
      {"soap: nested instances",
       [](S s) { return soap_echo("<Settings>" + escaped(nested_instances(s, 12)) + "</Settings>"); }, wsman},
      {"soap: an embedded instance",
       [](S s) {
         return soap_echo(
             "<Settings>" +
             escaped(instance_text("<PROPERTY.ARRAY NAME=\"Names\" TYPE=\"string\"><VALUE.ARRAY>" +
                                   repeated(s / 2, "<VALUE>a</VALUE>") + "</VALUE.ARRAY></PROPERTY.ARRAY>")) +
             "</Settings>");
       },
       wsman},
      {"soap: properties written", [](S s) { return soap_put(repeated(s, "<Names>a</Names>")); }, wsman},
      {"soap: a fragment",
       [](S s) {
         return soap_header("<w:FragmentTransfer s:mustUnderstand=\"true\">" + repeated(s, "a/") +
                            "</w:FragmentTransfer>");
       },
       wsman, 256},
      {"soap: columns of an association filter",
       [](S s) {
         return soap_associations("<b:Object>" + reference("a") + "</b:Object>" + items(s, [](S i) {
                                    return "<b:IncludeResultProperty>P" + n(i) + "</b:IncludeResultProperty>";
                                  }));
       },
       wsman},
      {"soap: an association filter's object",
       [](S s) {
         return soap_associations("<b:Object>" + reference(nested_references(7, std::string(s, '"'))) + "</b:Object>");
       },
       wsman},
      {"soap: an enumeration's name",
       [](S s) {
         return soap(
             {.action = pull,
              .body = "<n:Pull><n:EnumerationContext>" + std::string(s, 'a') + "</n:EnumerationContext></n:Pull>"});
       },
       wsman},
      // CIM-XML
      {"cimxml: parameters",
       [](S s) { return intrinsic("GetInstance", items(s, [](S i) { return parameter("p" + n(i), ""); })); },
       cimxml_server},
      {"cimxml: property list",
       [](S s) {
         return get_instance(key_a, parameter("PropertyList", "<VALUE.ARRAY>" + items(s, [](S i) {
                                                                return "<VALUE>p" + n(i) + "</VALUE>";
                                                              }) + "</VALUE.ARRAY>"));
       },
       cimxml_server},
      {"cimxml: keys",
       [](S s) {
         return get_instance(
             items(s, [](S i) { return "<KEYBINDING NAME=\"k" + n(i) + "\"><KEYVALUE>1</KEYVALUE></KEYBINDING>"; }));
       },
       cimxml_server},
      {"cimxml: nested names", [](S s) { return get_instance(nested_names(8, std::string(s, '"'))); }, cimxml_server},
      {"cimxml: names nested too deeply", [](S s) { return get_instance(nested_names(14, std::string(s, '"'))); },
       cimxml_server},
      {"cimxml: namespace",
       [](S s) {
         return cimxml("<SIMPLEREQ><IMETHODCALL NAME=\"EnumerateClassNames\"><LOCALNAMESPACEPATH>" +
                       repeated(s, "<NAMESPACE NAME=\"a\"/>") + "</LOCALNAMESPACEPATH></IMETHODCALL></SIMPLEREQ>");
       },
       cimxml_server},
      {"cimxml: slashes around a namespace",
       [](S s) {
         return cimxml("<SIMPLEREQ><IMETHODCALL NAME=\"EnumerateClassNames\"><LOCALNAMESPACEPATH><NAMESPACE NAME=\"" +
                       std::string(s, '/') + "\"/></LOCALNAMESPACEPATH></IMETHODCALL></SIMPLEREQ>");
       },
       cimxml_server},
      {"cimxml: many requests",
       [](S s) {
         return cimxml("<MULTIREQ>" + repeated(s, simple_request("EnumerateClassNames", "")) + "</MULTIREQ>");
       },
       cimxml_server},
      {"cimxml: many wrong requests",
       [](S s) {
         return cimxml("<MULTIREQ>" + repeated(s, simple_request("Nonsense", parameter("a", "<VALUE/>"))) +
                       "</MULTIREQ>");
       },
       cimxml_server},
      {"cimxml: properties",
       [](S s) {
         return create_instance(items(s, [](S i) { return "<PROPERTY NAME=\"P" + n(i) + "\" TYPE=\"string\"/>"; }));
       },
       cimxml_server},
      {"cimxml: system properties",
       [](S s) { return create_instance(repeated(s, "<PROPERTY NAME=\"__PATH\" TYPE=\"string\"/>")); }, cimxml_server},
      {"cimxml: qualifiers",
       [](S s) { return create_instance(repeated(s, "<QUALIFIER NAME=\"a\" TYPE=\"string\"/>")); }, cimxml_server},
      {"cimxml: an array",
       [](S s) {
         return create_instance("<PROPERTY.ARRAY NAME=\"Names\" TYPE=\"string\"><VALUE.ARRAY>" +
                                repeated(s, "<VALUE/>") + "</VALUE.ARRAY></PROPERTY.ARRAY>");
       },
       cimxml_server},
      {"cimxml: nested instances",
       [](S s) {
         return create_instance("<PROPERTY NAME=\"Inner\" TYPE=\"string\"><VALUE>" + escaped(nested_instances(s, 12)) +
                                "</VALUE></PROPERTY>");
       },
       cimxml_server},
      {"cimxml: embedded instances",
       [](S s) {
         return echo_call("<PARAMVALUE NAME=\"Settings\"><VALUE.ARRAY>" +
                          repeated(s, "<VALUE>" + escaped(instance_text("")) + "</VALUE>") +
                          "</VALUE.ARRAY></PARAMVALUE>");
       },
       cimxml_server},
      {"cimxml: a filter",
       [](S s) {
         return intrinsic("OpenEnumerateInstances",
                          parameter("ClassName", "<CLASSNAME NAME=\"Test_SettingData\"/>") +
                              parameter("FilterQueryLanguage", "<VALUE>DMTF:FQL</VALUE>") +
                              parameter("MaxObjectCount", "<VALUE>10</VALUE>") +
                              parameter("FilterQuery", "<VALUE>" + repeated(s, "InstanceID='a'", " OR ") + "</VALUE>"));
       },
       cimxml_server, 4 * 1024},
      {"cimxml: a query",
       [](S s) {
         return intrinsic("ExecQuery", parameter("QueryLanguage", "<VALUE>WQL</VALUE>") +
                                           parameter("Query", "<VALUE>SELECT * FROM Test_SettingData WHERE " +
                                                                  repeated(s, "InstanceID='z'", " OR ") + "</VALUE>"));
       },
       cimxml_server, 4 * 1024},
      // WQL: what the parser makes of it
      {"wql: parentheses", [](S s) { return select_where(nested(s / 2, "(", "a=1", ")")); }, wql, 4 * 1024},
      {"wql: NOT", [](S s) { return select_where(repeated(s, "NOT ") + "a=1"); }, wql, 4 * 1024},
      {"wql: lists in lists", [](S s) { return select_where(repeated(s, "(a=1 OR (b=2 AND (c=3 OR d=4)))", " AND ")); },
       wql, 4 * 1024},
      {"wql: to the right", [](S s) { return select_where(repeated(s, nested(20, "(a=1 OR ", "b=2", ")"), " OR ")); },
       wql, 4 * 1024},
      {"wql: escapes", [](S s) { return select_where("a='" + repeated(s, "\\\\") + "'"); }, wql, 4 * 1024},
      {"wql: lone backslashes", [](S s) { return select_where("a LIKE '" + repeated(s, "\\a") + "'"); }, wql, 4 * 1024},
      {"wql: properties", [](S s) { return select_where(repeated(s, "a.b=c", " OR ")); }, wql, 4 * 1024},
      {"wql: points", [](S s) { return select_where("a" + repeated(s, ".b") + "=1"); }, wql, 4 * 1024},
      {"wql: a string without end", [](S s) { return select_where("a='" + std::string(s, 'x')); }, wql, 4 * 1024},
      {"wql: digits", [](S s) { return select_where("a=" + std::string(s, '1')); }, wql, 4 * 1024},
      {"wql: braces", [](S s) { return "ASSOCIATORS OF " + std::string(s, '{'); }, wql, 4 * 1024},
      {"wql: clauses", [](S s) { return "ASSOCIATORS OF {X=@} WHERE " + repeated(s, "ResultClass=Y", " "); }, wql,
       4 * 1024},
      // WQL: what is looked at
      {"query: OR", [](S s) { return soap_query(select_where(repeated(s, "Name='z'", " OR "))); }, wsman, 4 * 1024},
      {"query: AND", [](S s) { return soap_query(select_where(repeated(s, "Name!='z'", " AND "))); }, wsman, 4 * 1024},
      {"query: __PATH of many keys", [](S s) { return soap_query(select_where("__PATH='" + path_of_keys(s) + "'")); },
       wsman, 4 * 1024},
      {"query: __PATH, nested",
       [](S s) { return soap_query(select_where("__PATH='" + nested_path(5, std::string(s / 64, 'a')) + "'")); }, wsman,
       4 * 1024},
      {"query: __PATH, OR",
       [](S s) {
         return soap_query(
             select_where(repeated(s, "__PATH='Msvm_ComputerSystem.CreationClassName=\"x\",Name=\"y\"'", " OR ")));
       },
       wsman, 4 * 1024},
      // Each is looked for; there may be 256 of them.
      {"query: __PATH that lacks keys",
       [](S s) {
         return soap_query(
             select_where(repeated(s, "__PATH='Msvm_ComputerSystem.Name=\"" + std::string(100, 'y') + "\"'", " OR ")));
       },
       wsman, 4 * 1024},
      {"query: LIKE of CQL",
       [](S s) {
         return intrinsic(
             "ExecQuery",
             parameter("QueryLanguage", "<VALUE>DMTF:CQL</VALUE>") +
                 parameter("Query",
                           "<VALUE>" + select_where(repeated(s, "ElementName LIKE 'a.*m*e*q'", " OR ")) + "</VALUE>"));
       },
       cimxml_server, 4 * 1024},
      {"query: LIKE of CQL, one expression",
       [](S s) {
         return intrinsic(
             "ExecQuery",
             parameter("QueryLanguage", "<VALUE>DMTF:CQL</VALUE>") +
                 parameter("Query",
                           "<VALUE>" + select_where("ElementName LIKE '" + repeated(s, "a.*") + "'") + "</VALUE>"));
       },
       cimxml_server, 4 * 1024},
      {"query: LIKE, percents",
       [](S s) { return soap_query(select_where("ElementName LIKE '" + repeated(s, "%_") + "z'")); }, wsman, 4 * 1024},
      {"query: LIKE, sets",
       [](S s) { return soap_query(select_where("ElementName LIKE '%" + repeated(s, "[a-z]") + "'")); }, wsman,
       4 * 1024},
      {"query: LIKE, one set",
       [](S s) { return soap_query(select_where("ElementName LIKE '%[" + repeated(s, "a-b") + "]q'")); }, wsman,
       4 * 1024},
      {"query: LIKE, open sets",
       [](S s) { return soap_query(select_where("ElementName LIKE '%" + std::string(s, '[') + "'")); }, wsman,
       4 * 1024},
      {"query: LIKE, OR",
       [](S s) { return soap_query(select_where(repeated(s, "ElementName LIKE '%a%b%z'", " OR "))); }, wsman, 4 * 1024},
      {"query: ISA", [](S s) { return soap_query(select_where(repeated(s, "__THIS ISA 'x'", " OR "))); }, wsman,
       4 * 1024},
      {"query: columns",
       [](S s) { return soap_query("SELECT " + repeated(s, "ElementName", ",") + " FROM Msvm_ComputerSystem"); }, wsman,
       4 * 1024},
      {"query: associators", [](S s) { return soap_query("ASSOCIATORS OF {" + path_of_keys(s) + "}"); }, wsman,
       4 * 1024},
      {"query: associators of nested keys",
       [](S s) { return soap_query("ASSOCIATORS OF {" + nested_path(6, std::string(s / 128, 'a')) + "}"); }, wsman,
       4 * 1024},
      {"query: objects, OR", [](S) { return soap_query(select_where(repeated(512, "ElementName='z'", " OR "))); },
       wsman, 256, true},
      {"query: objects, LIKE",
       [](S) { return soap_query(select_where(repeated(512, "ElementName LIKE '%z%q%'", " OR "))); }, wsman, 256, true},
      {"query: objects, columns",
       [](S) { return soap_query("SELECT Name,ElementName,__PATH FROM Msvm_ComputerSystem"); }, wsman, 256, true},
      // What guests say
      {"agent: numbers", [](S s) { return returned("[" + repeated(s, "1", ",") + "]"); }, agent, 64 * 1024},
      {"agent: arrays", [](S s) { return returned("[" + repeated(s, "[]", ",") + "]"); }, agent, 64 * 1024},
      {"agent: nested arrays", [](S s) { return returned("[" + repeated(s, nested(20, "[", "1", "]"), ",") + "]"); },
       agent, 64 * 1024},
      {"agent: depth", [](S s) { return returned(std::string(s, '[')); }, agent, 64 * 1024},
      {"agent: members",
       [](S s) {
         return returned("{" +
                         items(
                             s, [](S i) { return "\"" + n(i) + "\":1"; }, ",") +
                         "}");
       },
       agent, 64 * 1024},
      {"agent: one member", [](S s) { return returned("{" + repeated(s, "\"a\":1", ",") + "}"); }, agent, 64 * 1024},
      {"agent: strings", [](S s) { return returned("[" + repeated(s, "\"\"", ",") + "]"); }, agent, 64 * 1024},
      {"agent: escapes", [](S s) { return returned("\"" + repeated(s, "\\u0041\\n") + "\""); }, agent, 64 * 1024},
      {"agent: backslashes", [](S s) { return returned("\"" + repeated(s, "\\\\\\\"") + "\""); }, agent, 64 * 1024},
      {"agent: output",
       [](S s) { return returned("{\"exited\":true,\"exitcode\":0,\"out-data\":\"" + repeated(s, "QUFB") + "\"}"); },
       agent, 64 * 1024},
      {"agent: commands",
       [](S s) {
         return returned("{\"version\":\"1\",\"supported_commands\":[" +
                         repeated(s, "{\"name\":\"guest-exec\",\"enabled\":true}", ",") + "]}");
       },
       agent, 64 * 1024},
      {"agent: interfaces",
       [](S s) {
         return returned("[" +
                         items(
                             s,
                             [](S i) {
                               return "{\"name\":\"e" + n(i) +
                                      "\",\"hardware-address\":\"02:00:00:00:00:01\",\"ip-addresses\":[{\"ip-address\":"
                                      "\"10.0.0.1\",\"ip-address-type\":\"ipv4\",\"prefix\":24}]}";
                             },
                             ",") +
                         "]");
       },
       agent, 64 * 1024},
      {"systemd: units",
       [](S s) {
         return "Fingerprint=1\nUnitFiles=" +
                items(
                    s / 4, [](S i) { return "u" + n(i) + ".service"; }, " ") +
                "\n" + items(s, [](S i) { return "Id=u" + n(i) + ".service\nLoadState=loaded\n\n"; });
       },
       service_managers, 16 * 1024},
      {"systemd: states",
       [](S s) {
         return "Fingerprint=1\nUnitFiles=a.service\nStates:\n" +
                items(s, [](S i) { return "u" + n(i) + ".service loaded active running x\n"; }) +
                "\nId=a.service\nLoadState=loaded\n\n";
       },
       service_managers, 16 * 1024},
      {"systemd: names",
       [](S s) {
         return "Fingerprint=1\nUnitFiles=a.service\nId=a.service\nLoadState=loaded\nNames=" +
                repeated(s, "b.service", " ") + "\n\n";
       },
       service_managers, 16 * 1024},
      {"systemd: empty lines", [](S s) { return "Fingerprint=1\nUnitFiles=a.service\n" + std::string(s, '\n'); },
       service_managers, 16 * 1024},
      {"openrc: services",
       [](S s) {
         return items(s,
                      [](S i) {
                        return "Name=s" + n(i) + "\nState=started\nMode=enabled\n\nText=s" + n(i) +
                               ":description=\"x\"\n";
                      }) +
                "End\n";
       },
       service_managers, 16 * 1024},
      {"windows: services", [](S s) { return items(s, [](S i) { return "Name=s" + n(i) + "\nStatus=Running\n\n"; }); },
       service_managers, 16 * 1024},
      {"files: a listing",
       [](S s) { return ".\n" + items(s, [](S i) { return "81a4 1 1 root root f" + n(i) + "\n"; }); }, files,
       16 * 1024},
      {"key values: lines", [](S s) { return items(s, [](S i) { return n(i) + "\t1\n"; }); }, key_values},
  };
  return table;
}

void measure(const Row& row, std::size_t factor) {
  const std::string input = row.input(row.many_objects ? row.first : row.first * factor);
  const std::size_t objects = row.many_objects ? row.first * factor : row.name.starts_with("query") ? 16 : 1;
  const std::size_t size = input.size();
  const std::string name(row.name);
  Prepared run = row.subject(input, objects);
  const std::size_t before = live;
  peak = live;
  CALLGRIND_TOGGLE_COLLECT;
  run();
  CALLGRIND_TOGGLE_COLLECT;
  std::printf("%s\t%zu\t%zu\t%zu\n", name.c_str(), size, objects, peak - before);
  std::fflush(stdout);
  CALLGRIND_DUMP_STATS_AT(name.c_str());
}

}  // namespace
}  // namespace cost_law

/// Arguments: beginnings of the names of rows, all when there are none.
int main(int count, char** arguments) {
  spdlog::set_level(spdlog::level::off);
  const std::vector<std::string_view> wanted(arguments + 1, arguments + count);
  for (const auto& row : cost_law::rows()) {
    bool is_wanted = wanted.empty();
    for (const std::string_view name : wanted) is_wanted = is_wanted || row.name.starts_with(name);
    if (!is_wanted) continue;
    // What is made once for all, tables and the like, is no part of it.
    row.subject(row.input(row.first / 4), 16)();
    for (const std::size_t factor : {1, 2, 4, 8}) cost_law::measure(row, factor);
  }
}
