// Notices that files which define services changed.
#pragma once

namespace vmms::agent {

class UnitFiles {
 public:
  UnitFiles();
  ~UnitFiles();
  UnitFiles(const UnitFiles&) = delete;
  UnitFiles& operator=(const UnitFiles&) = delete;

  /// Readable when something may have changed; -1: it cannot be noticed.
  int descriptor() const { return descriptor_; }
  /// Whether something changed since the last call.
  bool changed();

 private:
  void watch();

  int descriptor_;
};

}  // namespace vmms::agent
