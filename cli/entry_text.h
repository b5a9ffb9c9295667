#pragma once

#include "cli/output.h"
#include "core/entry.h"
#include "core/extent_source.h"
#include "core/spare_source.h"
#include "restore/spill_file.h"

#include <string>
#include <string_view>

namespace azekura::cli {

/// Like "block_device".
std::string_view kind_name(EntryKind kind);
/// Like `ls -l`: type and mode, owner, size, time, path.
std::string entry_line(const std::string& path, const Entry& entry);
/// The same for programs; docs/json.md.
Json entry_object(const std::string& path, const Entry& entry);
/// Adds what it has but for event and path.
void put_entry(Json& object, const Entry& entry);

/// Who may have what is lost of a file.
struct SpareFile {
  SpareSource* source = nullptr;  ///< nobody if there is none
  std::string path;               ///< the file's, in its source
};

/// In $TMPDIR, or /var/tmp. Requires: no medium is open yet; nothing is opened for writing after.
restore::SpillFile open_spill_file();
/// A file's bytes to standard output, none before they are proven. Returns the exit code: of a file
/// that was not whole when it was backed up, what there is comes with a warning. `spare` is asked
/// for what the source has lost of the file.
int write_entry_to_stdout(ExtentSource& source, const Entry& root, const Entry& file,
                          const restore::SpillFile& spill, const SpareFile& spare, Output& output);

}  // namespace azekura::cli
