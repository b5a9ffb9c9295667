#pragma once

#include "core/entry.h"
#include "tests/support/random_bytes.h"

namespace azekura::tests {

/// Valid values of every shape, the same for the same numbers.
Digest random_digest(RandomNumbers& numbers);
Content random_content(RandomNumbers& numbers);
/// `name` as given; everything else at random, and valid for its kind.
Entry random_entry(RandomNumbers& numbers, std::string name);

}  // namespace azekura::tests
