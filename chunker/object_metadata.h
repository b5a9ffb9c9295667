#pragma once

#include "chunker/object_status.h"
#include "chunker/owner_names.h"
#include "core/entry.h"

#include <string>
#include <string_view>

namespace azekura::chunker {

/// An entry with all that `status` shows, and no content.
Entry make_entry(std::string name, const ObjectStatus& status, OwnerNames& owners);

/// Adds extended attributes (access control lists and capabilities among them) and chattr flags
/// of an open file or directory. What the kernel does not show this user is left out.
///
/// False if attributes are missing: they are too many, too large, or could not be read.
[[nodiscard]] bool add_open_metadata(Entry& entry, int fd);

/// Adds extended attributes of an object that cannot be opened, such as a link or a socket; the
/// same is returned.
[[nodiscard]] bool add_closed_metadata(Entry& entry, int directory, const std::string& name);

/// What to tell the observer when either returned false.
inline constexpr std::string_view kAttributesMissing =
    "its extended attributes are too many or could not all be read";

/// Reads a symlink into entry.link_target; false if the name is gone.
/// Errors: SourceError about `path`, also for a target that is empty or longer than Linux allows.
[[nodiscard]] bool add_link_target(Entry& entry, int directory, const std::string& name,
                                   const std::string& path);

}  // namespace azekura::chunker
