#pragma once

#include <string>

namespace azekura::vault {

enum class FileSystem { ext4, xfs };

/// Makes one on a partition, or on whatever device. Errors: MediumError with what the program said.
void make_file_system(const std::string& device, FileSystem kind);

}  // namespace azekura::vault
