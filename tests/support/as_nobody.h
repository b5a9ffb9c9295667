#pragma once

#include <doctest/doctest.h>

#include <unistd.h>

#include <cstdlib>

namespace azekura::tests {

/// Drops root's right to open everything for one scope.
class AsNobody {
 public:
  AsNobody() {
    if (::geteuid() == 0) {
      REQUIRE(::seteuid(65534) == 0);
      is_changed_ = true;
    }
  }
  AsNobody(const AsNobody&) = delete;
  AsNobody& operator=(const AsNobody&) = delete;
  ~AsNobody() {
    if (is_changed_ && ::seteuid(0) != 0) {
      std::abort();
    }
  }

 private:
  bool is_changed_ = false;
};

}  // namespace azekura::tests
