#pragma once

#include <string>

namespace azekura {

/// What holds of a confinement; a kernel, or a container around us, may lack or refuse either.
struct Confinement {
  bool seccomp = false;  ///< system calls that reading a medium does not need are refused
  int landlock = 0;      ///< ABI by which writing elsewhere is refused; 0: it is not
};

/// Gives up what reading a medium does not need: to run programs, open sockets, touch other
/// processes, mounts or the kernel, and to create, change or remove anything but beneath
/// `writable_folder`; anything at all if that is empty. Reading is not confined, nor is writing to
/// what is open already. A failure is no error: a restore goes on without.
///
/// Requires: there is no other thread; those started later are confined too.
/// Source: docs/adr/0015; seccomp(2), landlock(7).
Confinement confine(const std::string& writable_folder);

/// The part of Landlock alone, for a folder inside the one of before. Returns the ABI; 0 if it is
/// not in force.
int confine_writes(const std::string& writable_folder);

}  // namespace azekura
