#include "vault/secret.h"

#include "core/ids.h"
#include "tests/support/test_keys.h"

#include <doctest/doctest.h>

#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <type_traits>
#include <utility>

namespace azekura::vault {
namespace {

static_assert(!std::is_copy_constructible_v<Secret> && !std::is_copy_assignable_v<Secret>);
static_assert(std::is_nothrow_move_constructible_v<Secret>);
static_assert(std::is_nothrow_move_assignable_v<Secret>);

TEST_CASE("Secret: starts as zero bytes of its size") {
  for (const std::size_t size : {0U, 1U, 32U, 4096U, 5000U}) {
    CAPTURE(size);
    const Secret secret{size};
    CHECK(secret.size() == size);
    CHECK(secret.bytes().size() == size);
    CHECK(tests::is_zero(secret.bytes()));
  }
}

TEST_CASE("Secret: a copy has the bytes and no part of the original") {
  const Buffer key{std::byte{1}, std::byte{2}, std::byte{3}};
  Secret original = Secret::copy_of(key);
  const Secret clone = original.clone();
  CHECK(equal(original.bytes(), key));
  original.mutable_bytes()[0] = std::byte{9};
  CHECK(original.bytes()[0] == std::byte{9});
  CHECK(equal(clone.bytes(), key));
  CHECK(key[0] == std::byte{1});
}

TEST_CASE("Secret: moving hands over the same memory") {
  Secret source = Secret::random(32);
  const std::byte* const memory = source.bytes().data();
  const Secret target = std::move(source);
  CHECK(target.bytes().data() == memory);
  CHECK(target.size() == 32);
}

TEST_CASE("Secret: random secrets and ids differ and are not zero") {
  const Secret left = Secret::random(32);
  const Secret right = Secret::random(32);
  CHECK_FALSE(tests::is_zero(left.bytes()));
  CHECK_FALSE(equal(left.bytes(), right.bytes()));
  const auto id = random_id<SiteId>();
  CHECK_FALSE(id.is_zero());
  CHECK(id != random_id<SiteId>());
}

TEST_CASE("equal_in_constant_time: compares content and size") {
  const Buffer three{std::byte{1}, std::byte{2}, std::byte{3}};
  const Buffer other{std::byte{1}, std::byte{2}, std::byte{4}};
  CHECK(equal_in_constant_time(three, Buffer{three}));
  CHECK_FALSE(equal_in_constant_time(three, other));
  CHECK_FALSE(equal_in_constant_time(three, ByteView{three}.first(2)));
  CHECK(equal_in_constant_time({}, {}));
}

TEST_CASE("wipe: leaves zero bytes") {
  Buffer bytes(100, std::byte{7});
  wipe(bytes);
  CHECK(tests::is_zero(bytes));
  wipe({});
}

TEST_CASE("forbid_core_dumps: the process can be neither dumped nor traced") {
  const pid_t child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    forbid_core_dumps();
    rlimit limit{.rlim_cur = 1, .rlim_max = 1};
    const bool read = ::getrlimit(RLIMIT_CORE, &limit) == 0;
    const bool forbidden = ::prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) == 0 && limit.rlim_max == 0;
    ::_exit(read && forbidden ? 0 : 1);
  }
  int status = -1;
  REQUIRE(::waitpid(child, &status, 0) == child);
  CHECK(WIFEXITED(status));
  CHECK(WEXITSTATUS(status) == 0);
}

}  // namespace
}  // namespace azekura::vault
