#pragma once

#include "core/observer.h"

#include <string>
#include <utility>
#include <vector>

namespace azekura::tests {

/// Keeps all events.
class RecordingObserver : public Observer {
 public:
  void advanced(std::uint64_t bytes) override { advanced_bytes += bytes; }
  void flawed(std::string_view path, std::string_view reason) override {
    flaws.emplace_back(path, reason);
  }
  void excluded(std::string_view path) override { excluded_paths.emplace_back(path); }
  void notice(std::string_view text) override { notices.emplace_back(text); }

  std::uint64_t advanced_bytes = 0;
  std::vector<std::pair<std::string, std::string>> flaws;
  std::vector<std::string> excluded_paths;
  std::vector<std::string> notices;
};

}  // namespace azekura::tests
