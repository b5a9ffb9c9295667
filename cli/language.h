#pragma once

#include "core/messages.h"

#include <CLI/App.hpp>

namespace azekura::cli {

/// What these arguments, and else the locale of the environment, ask for: --lang ja or en, then the
/// first of $LC_ALL, $LC_MESSAGES, $LANG. With --json it is English: machines read it. Looked up
/// before the arguments are parsed, because help and what is wrong with them are said in it.
Language language_asked_for(int argc, char** argv);

/// Adds --lang, so that it is known and checked.
void add_language_option(CLI::App& app);

}  // namespace azekura::cli
