#pragma once

#include <cstdint>
#include <string>
#include <unordered_map>

namespace azekura::chunker {

/// Names of users and groups, each looked up once; empty if unknown or too long for an entry.
class OwnerNames {
 public:
  const std::string& user(std::uint32_t uid);
  const std::string& group(std::uint32_t gid);

 private:
  std::unordered_map<std::uint32_t, std::string> users_;
  std::unordered_map<std::uint32_t, std::string> groups_;
};

}  // namespace azekura::chunker
