// ThreadSanitizer cannot see how uninstrumented libraries synchronise: what they do among themselves is left out.
extern "C" const char* __tsan_default_suppressions();
extern "C" const char* __tsan_default_suppressions() {
  return "called_from_lib:libvirt.so.0\ncalled_from_lib:libglib-2.0.so.0\ncalled_from_lib:libxml2.so.2\n";
}
