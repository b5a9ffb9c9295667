#pragma once

#include "chunker/object_status.h"
#include "chunker/owner_names.h"
#include "core/entry.h"

#include <string>

namespace azekura::chunker {

/// An entry with all that `status` shows, and no content.
Entry make_entry(std::string name, const ObjectStatus& status, OwnerNames& owners);

/// Adds extended attributes (access control lists and capabilities among them) and chattr flags
/// of an open file or directory. What the kernel refuses to show is left out.
void add_open_metadata(Entry& entry, int fd);

/// Adds extended attributes of an object that cannot be opened, such as a link or a socket.
void add_closed_metadata(Entry& entry, int directory, const std::string& name);

/// Reads a symlink into entry.link_target; false if the name is gone.
/// Errors: SourceError about `path`.
[[nodiscard]] bool add_link_target(Entry& entry, int directory, const std::string& name,
                                   const std::string& path);

}  // namespace azekura::chunker
