#pragma once

#include <string>
#include <string_view>

namespace azekura::cli {

/// A source of the site, and where it is now.
struct NamedSource {
  std::string name;
  std::string path;  ///< raw; empty if none was said
};

enum class PathPart { may_lack, must_be_there };

/// Of what an option like "--source" was given: "NAME=PATH". Errors: UsageError.
NamedSource parse_named_source(const std::string& given, std::string_view option, PathPart path);

}  // namespace azekura::cli
