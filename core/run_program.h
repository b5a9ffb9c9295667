#pragma once

#include <string>
#include <vector>

namespace azekura {

/// Runs a program of the system, found in PATH, and waits for it; standard input is /dev/null.
/// Errors: SystemError if it cannot be started; MediumError with the end of what it printed, but
/// not how it is called, if it ends with another status than 0.
void run_program(const std::vector<std::string>& command);

}  // namespace azekura
