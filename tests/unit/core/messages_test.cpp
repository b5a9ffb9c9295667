#include "core/messages.h"

#include "core/error.h"
#include "core/message_table.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cerrno>
#include <span>
#include <string>
#include <string_view>

namespace azekura {

namespace {

/// Speaks Japanese for one test.
class InJapanese {
 public:
  InJapanese() { speak(Language::japanese); }
  InJapanese(const InJapanese&) = delete;
  InJapanese& operator=(const InJapanese&) = delete;
  ~InJapanese() { speak(Language::english); }
};

}  // namespace

TEST_CASE("Messages: the table rises, so that each of its texts is found") {
  const std::span<const Message> messages = japanese_messages();
  CHECK(std::is_sorted(messages.begin(), messages.end(),
                       [](const Message& a, const Message& b) { return a.english < b.english; }));
  const InJapanese japanese;
  for (const Message& message : messages) {
    CHECK(in_language(message.english) == message.japanese);
  }
}

TEST_CASE("Messages: English is as it is written, and so is what has no Japanese") {
  CHECK(in_language("the label is not there") == "the label is not there");
  const InJapanese japanese;
  CHECK(in_language("the label is not there") == "ラベルがありません");
  CHECK(in_language("the label is not there at all") == "the label is not there at all");
  CHECK(in_language("").empty());
  CHECK(in_language("\xFF\xFF") == "\xFF\xFF");
}

TEST_CASE("Messages: a form is looked up before it is filled in") {
  CHECK(text("block {} of pack {:08x}", 7, 0x2AU) == "block 7 of pack 0000002a");
  const InJapanese japanese;
  CHECK(text("block {} of pack {:08x}", 7, 0x2AU) == "パック 0000002a のブロック 7");
}

TEST_CASE("Messages: errors, attempts and hints are in the language spoken when they were made") {
  const InJapanese japanese;
  SystemError error{ENOENT, "open \"{}\"", "/srv/ehr"};
  error.set_hint("wait until it ends");
  CHECK(std::string_view{error.what()} ==
        "「/srv/ehr」を開くことができません: ファイルまたはフォルダがありません");
  CHECK(error.hint() == "終わるまでお待ちください");
  try {
    while_doing([&] { throw SystemError{error}; }, "listing \"{}\"", "/srv");
    FAIL("nothing was thrown");
  } catch (const Error& told) {
    CHECK(told.one_line() == std::string{error.what()} + "（「/srv」の中を調べているとき）");
  }
  const SystemError plain{EXDEV, "draw random numbers"};
  CHECK(std::string_view{plain.what()} ==
        "乱数を得ることができません: 別のファイルシステムへのリンクです");
}

}  // namespace azekura
