#pragma once

#include "vault/block_device.h"
#include "vault/label.h"
#include "vault/medium_layout.h"

#include <string>
#include <vector>

namespace azekura::vault {

/// A disk with our layout that is connected to this host. Its label is in form and signed by whom
/// it names; whether that is this site's host is not checked yet.
struct ConnectedMedium {
  BlockDevice device;
  MediumLayout layout;
  Label label;
};

/// A disk with our layout and no label that could be read.
struct UnknownMedium {
  BlockDevice device;
  std::string problem;
};

struct FoundMedia {
  std::vector<ConnectedMedium> media;
  std::vector<UnknownMedium> unknown;
};

/// Looks at all disks of the host. Reads partition tables and labels; mounts nothing.
FoundMedia find_media();

}  // namespace azekura::vault
