#include "cli/signals_object.h"

#include <nlohmann/json.hpp>

#include <utility>

namespace azekura::cli {

namespace {

/// And of how many of `files` files the extension is not listed.
void put_extensions(Json& object, const std::vector<ExtensionCount>& extensions,
                    std::uint64_t files) {
  Json list = Json::array();
  for (const ExtensionCount& one : extensions) {
    Json item = Json::object();
    put_name(item, "extension", one.extension);
    item["files"] = one.files;
    list.push_back(std::move(item));
    files -= one.files;
  }
  object["extensions"] = std::move(list);
  object["other_files"] = files;
}

Json changes_object(const ChangeSignals& changes) {
  Json object{{"files", changes.files},        {"bytes", changes.bytes},
              {"gone", changes.gone},          {"renamed", changes.renamed},
              {"partial", changes.is_partial}, {"renamed_bounded", changes.is_bounded}};
  put_extensions(object, changes.extensions, changes.files);
  return object;
}

}  // namespace

Json signals_object(const Signals& signals) {
  const ChunkSignals& chunks = signals.chunks;
  Json object{{"chunks", chunks.chunks},
              {"chunk_bytes", chunks.bytes},
              {"new_chunks", chunks.new_chunks},
              {"new_bytes", chunks.new_bytes},
              {"stored_bytes", chunks.stored_bytes}};
  if (const std::optional<TreeSignals>& tree = signals.tree) {
    object["files"] = tree->files;
    object["bytes"] = tree->bytes;
    put_extensions(object, tree->extensions, tree->files);
    object["extensions_bounded"] = tree->is_bounded;
    if (tree->changes) {
      object["changes"] = changes_object(*tree->changes);
    }
  }
  return object;
}

}  // namespace azekura::cli
