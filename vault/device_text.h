#pragma once

#include <sys/types.h>

#include <string>

namespace azekura::vault {

/// The device behind an open file or folder as people know it, like "WDC WD40EFRX-68N WD-WX11D,
/// 8:17"; only its numbers where there is no more to know.
std::string device_text(int fd);
/// The same of a device by its number.
std::string text_of_device(dev_t device);

}  // namespace azekura::vault
