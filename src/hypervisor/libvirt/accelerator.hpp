// Whether guests can run on KVM here.
#pragma once

#include <chrono>
#include <string>

namespace vmms::hypervisor::libvirt {

enum class Accelerator { kvm, tcg };

/// KVM when a trial boot under it succeeds, else TCG. A /dev/kvm that opens proves nothing: inside some virtual
/// machines KVM makes its machines and no guest runs. Takes up to 5 s at its first call, where the processor claims
/// virtualization; nothing afterwards.
Accelerator choose_accelerator();

/// The type of a libvirt domain on this accelerator: "kvm" or "qemu".
const char* domain_type(Accelerator accelerator);

/// Whether the processor or the kernel says that KVM could work.
bool kvm_is_plausible();

/// Boots a boot sector of a few instructions with `qemu-system-x86_64 -accel NAME` and waits until it has run. False
/// also when QEMU cannot be started.
bool trial_boot(const std::string& accelerator, std::chrono::milliseconds at_most);

}  // namespace vmms::hypervisor::libvirt
