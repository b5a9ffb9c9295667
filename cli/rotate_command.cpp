#include "cli/capture_run.h"
#include "cli/commands.h"
#include "cli/exit_code.h"
#include "cli/night_record.h"
#include "cli/refusal_words.h"
#include "cli/rotate_screen.h"
#include "cli/set_medium.h"
#include "core/clock.h"
#include "core/error.h"
#include "core/interrupt.h"
#include "core/text.h"
#include "vault/admission.h"
#include "vault/media_set.h"
#include "vault/refusal.h"
#include "vault/removal.h"
#include "vault/rotation.h"

#include <algorithm>
#include <chrono>
#include <exception>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace azekura::cli {

namespace {

constexpr double kLookSeconds = 1;

std::string place_of(const vault::MediumRecord& record) {
  return record.moves.empty() ? text("the safe") : record.moves.back().place;
}

/// A set whose medium was not written, and is not asked for again this evening.
struct Unwritten {
  std::string set;
  std::string reason;
};

/// How long nobody has pulled a medium that was detached.
double seconds_left_in(const vault::Connection& connection) {
  const auto seconds = static_cast<double>(wall_clock_now().seconds - connection.attached.seconds);
  return std::max(0.0, seconds - connection.work_seconds);
}

/// The evening of one person: which media are pulled, fetched, written and put away.
class Rotation {
 public:
  Rotation(const Invocation& invocation, Output& output)
      : site_{vault::Site::open(invocation.site_path())},
        config_{site_.config()},
        media_{site_.path()},
        night_{vault::night(config_, night_of(wall_clock_now()))},
        shown_night_{night_.date},
        output_{output} {}

  int run();

 private:
  [[nodiscard]] std::string title() const;
  [[nodiscard]] std::optional<std::string> left_of(const vault::Night& last) const;
  [[nodiscard]] std::vector<std::string> sets_to_write() const;
  [[nodiscard]] bool is_unwritten(const std::string& set) const;
  void capture_if_needed();
  void capture_with_room();
  void write_what_waits();
  void clear_slots();
  void wait_for_other_run();
  [[nodiscard]] RotatePage page_of_refusal(const std::string& set, const Error& refusal,
                                           bool was_pulled) const;
  [[nodiscard]] bool is_given_up(const std::string& set, const Error& refusal);
  void wait_for_medium(const std::string& set, bool was_pulled);
  void write_once_it_is_here(const std::string& set);
  void write_one(const std::string& set);
  void refuse(const std::string& set, const Error& error);
  void pull(const std::string& name, RotatePage page);
  void put_away(const std::string& name);
  void go_through();
  void show_end();
  void show_stop(const Error& error);
  [[nodiscard]] std::vector<vault::MediumRecord> known_media() const;
  [[nodiscard]] std::optional<vault::MediumRecord> record_of(const std::string& set) const;
  [[nodiscard]] std::size_t connections_of(const std::string& set) const;

  vault::Site site_;
  SiteConfig config_;
  vault::MediumRegister media_;
  vault::Night night_;
  Date shown_night_;  ///< whose medium is asked for
  Output& output_;
  bool is_complete_ = true;         ///< what was captured by this run
  std::vector<std::string> asked_;  ///< sets
  std::vector<Unwritten> unwritten_;
  std::exception_ptr first_refusal_;
  std::vector<std::string> unnoted_;  ///< media of which nobody said who put them away
  RotateScreen screen_;
  vault::DeviceEvents events_;
};

std::string Rotation::title() const { return text("Night of {}", date_text(shown_night_)); }

/// One that cannot be read keeps nobody from bringing the others: its own run says so.
std::vector<vault::MediumRecord> Rotation::known_media() const {
  return media_.readable([](const DamageError&) {});
}

std::optional<vault::MediumRecord> Rotation::record_of(const std::string& set) const {
  try {
    return media_.named(set);  // a medium is called as its set
  } catch (const Error&) {     // there is none, or it cannot be read: its run says so
    return std::nullopt;
  }
}

std::size_t Rotation::connections_of(const std::string& set) const {
  const std::optional<vault::MediumRecord> record = record_of(set);
  return record ? record->connections.size() : 0;
}

/// The set whose medium was due in the last night and is still to be written, if the new one has
/// begun and nothing is captured for it: who comes late brings that medium, and it needs no
/// capture.
std::optional<std::string> Rotation::left_of(const vault::Night& last) const {
  const std::optional<std::string>& set = last.medium_of_set;
  const bool is_left = set && set != night_.medium_of_set && config_.set(*set).folder.empty() &&
                       site_.has_waiting(*set) &&
                       !is_captured_on(site_, night_.captured_for, night_.date);
  return is_left ? set : std::nullopt;
}

bool Rotation::is_unwritten(const std::string& set) const {
  return std::any_of(unwritten_.begin(), unwritten_.end(),
                     [&](const Unwritten& one) { return one.set == set; });
}

/// Tonight's first, then those that were missed; none twice that could not be written.
std::vector<std::string> Rotation::sets_to_write() const {
  std::vector<std::string> sets;
  for (const SetConfig& set : config_.sets) {
    const bool is_not_due = !night_.medium_of_set && set.name == night_.captured_for;
    if (set.folder.empty() && site_.has_waiting(set.name) && !is_not_due &&
        !is_unwritten(set.name)) {
      const bool is_tonights = night_.medium_of_set == set.name;
      sets.insert(is_tonights ? sets.begin() : sets.end(), set.name);
    }
  }
  return sets;
}

/// If no other run did it, or does it now: with every medium still in the safe.
void Rotation::capture_if_needed() {
  while (night_.medium_of_set && !is_captured_on(site_, *night_.medium_of_set, night_.date)) {
    screen_.show({.title = title(),
                  .large = {},
                  .steps = {text("Please wait: tonight's backup is being prepared."),
                            text("Do not insert any medium yet.")}});
    try {
      is_complete_ = capture_into_spool(site_, config_, config_.set(*night_.medium_of_set),
                                        config_.sources_of_pool(night_.pool), output_)
                         .complete;
      return;
    } catch (const BusyError&) {
      events_.wait(kLookSeconds);
      throw_if_interrupted();
    }
  }
}

/// What waits for other nights' media is brought first if there is no room for tonight.
void Rotation::capture_with_room() {
  try {
    capture_if_needed();
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::space || sets_to_write().empty()) {
      throw;
    }
    write_what_waits();
    capture_if_needed();
  }
}

/// What was attached earlier and nobody pulled.
void Rotation::clear_slots() {
  for (const vault::MediumRecord& record : known_media()) {
    if (record.is_left_in()) {
      pull(record.name, {.title = title(),
                         .large = record.name,
                         .steps = {text("This medium was left in. Pull it now.")},
                         .notes = {text("It is not offline before it is pulled.")}});
      put_away(record.name);
    }
  }
}

void Rotation::wait_for_other_run() {
  screen_.show({.title = title(),
                .large = {},
                .steps = {text("Please wait: another run is at work."),
                          text("Do not insert or pull any medium now.")},
                .notes = {text("This page goes on by itself.")}});
  events_.wait(kLookSeconds);
  throw_if_interrupted();
}

RotatePage Rotation::page_of_refusal(const std::string& set, const Error& refusal,
                                     bool was_pulled) const {
  RotatePage page{.title = title(), .large = set, .steps = {}};
  if (refusal.code() != vault::refusal::kMissing) {
    page = {.title = text("This cannot be used ({})", refusal.code()),
            .large = {},
            .steps = {refusal.what(), refusal.hint()},
            .notes = {text("Nothing was written to it. This page goes on by itself.")}};
  } else if (was_pulled) {
    page.steps = {text("It was pulled too early. Insert it again.")};
    page.notes = {text("Nothing is lost: it goes on where it was.")};
  } else {
    const std::optional<vault::MediumRecord> record = record_of(set);
    page.steps = {text("Fetch this medium and insert it."),
                  text("It is kept here: {}", record ? place_of(*record) : text("the safe"))};
  }
  if (RotateScreen::input() >= 0) {
    page.notes.push_back(text("If {} cannot be found or used, press Enter.", set));
  }
  return page;
}

/// Somebody puts a name to it: the next medium's turn comes, and `status` has an alarm.
bool Rotation::is_given_up(const std::string& set, const Error& refusal) {
  RotatePage page{
      .title = title(),
      .large = set,
      .steps = {text("Go on without this medium?"),
                text("Type your name and press Enter. Only Enter: back.")},
      .notes = {text("What waits for it is kept. It is an alarm until it is written.")}};
  if (refusal.code() != vault::refusal::kMissing) {
    page.notes.push_back(text("Pull what is in the slot before you go on."));
  }
  screen_.show(page);
  const std::optional<std::string> person =
      RotateScreen::ask(text("Your name"), "", RotateScreen::Answer::may_be_empty);
  if (!person || person->empty()) {
    return false;
  }
  note_refusal(media_, set, {.when = wall_clock_now(), .code = refusal.code(), .person = *person},
               output_);
  return true;
}

/// Errors: of a medium that hands cannot make fit, or that was given up; those without a code.
void Rotation::wait_for_medium(const std::string& set, bool was_pulled) {
  RotateScreen::forget_typed();
  for (;;) {
    throw_if_interrupted();
    try {
      static_cast<void>(vault::admit(site_, config_, set, media_, vault::find_media(),
                                     vault::bytes_waiting(vault::Spool{site_.spool_path(set)})));
      return;
    } catch (const Error& error) {
      if (error.code().empty() || error.code() == vault::refusal::kTooSmall) {
        throw;
      }
      screen_.show(page_of_refusal(set, error, was_pulled));
      if (RotateScreen::was_called() && is_given_up(set, error)) {
        throw;
      }
    }
    events_.wait(kLookSeconds, RotateScreen::input());
  }
}

/// Returns once nothing waits for it. Errors: of the medium that was written, or could not be.
void Rotation::write_once_it_is_here(const std::string& set) {
  const SetConfig& set_config = config_.set(set);
  bool was_pulled = false;
  for (;;) {
    std::optional<std::size_t> attached_before;
    try {
      if (!site_.has_waiting(set)) {  // another run wrote it; it has let go once the set can be had
        static_cast<void>(vault::MediaSet{site_, set, output_, set_config.parity});
        return;
      }
      wait_for_medium(set, was_pulled);
      screen_.show({.title = title(),
                    .large = set,
                    .steps = {text("Writing and verifying. DO NOT PULL the medium.")}});
      attached_before = connections_of(set);
      static_cast<void>(write_waiting(site_, config_, set_config, output_));
      return;
    } catch (const BusyError&) {
      wait_for_other_run();
    } catch (const Error& error) {
      const bool is_pulled = error.code() == vault::refusal::kPulled;
      // Hands that were faster than a run: what is in the slot now is looked at anew.
      const bool is_of_hands =
          !error.code().empty() && attached_before && connections_of(set) == *attached_before;
      if (!is_pulled && !is_of_hands) {
        throw;
      }
      was_pulled = was_pulled || is_pulled;
    }
  }
}

void Rotation::write_one(const std::string& set) {
  if (std::find(asked_.begin(), asked_.end(), set) == asked_.end()) {
    asked_.push_back(set);
  }
  try {
    write_once_it_is_here(set);
  } catch (const InterruptedError&) {
    throw;
  } catch (const InternalError&) {
    throw;
  } catch (const Error& error) {
    if (!first_refusal_) {
      first_refusal_ = std::current_exception();
    }
    refuse(set, error);
    return;
  }
  pull(set, {.title = title(),
             .large = set,
             .steps = {text("Done. Pull this medium now.")},
             .notes = {text("It is not offline before it is pulled.")}});
  put_away(set);
}

void Rotation::write_what_waits() {
  clear_slots();  // another run may have left one in while it was waited for
  for (const std::string& set : sets_to_write()) {
    write_one(set);
  }
}

/// It is not asked for again this evening: nobody is caught with a medium that cannot be written.
void Rotation::refuse(const std::string& set, const Error& error) {
  const vault::Refusal refusal{.when = wall_clock_now(), .code = error.code()};
  note_refusal(media_, set, refusal, output_);
  unwritten_.push_back({set, error.code().empty() ? error.what() : refusal_text(refusal)});
  RotatePage page{
      .title = error.code().empty() ? text("This could not be written")
                                    : text("This could not be written ({})", error.code()),
      .large = set,
      .steps = {text("Pull this medium now."), error.what()},
      .notes = {text("Tell the person in charge. This page goes on once it is pulled.")}};
  if (!error.hint().empty()) {
    page.steps.push_back(error.hint());
  }
  const SetMedium medium{site_, config_, config_.set(set), output_};
  const std::optional<vault::MediumRecord> record = record_of(set);
  if (record && record->is_connected()) {
    pull(record->name, page);
  } else if (record && medium.is_here()) {  // it was never attached
    screen_.show(page);
    while (medium.is_here()) {
      events_.wait(kLookSeconds);
      throw_if_interrupted();
    }
  } else {
    return;
  }
  put_away(record->name);
}

/// `page`: says so.
void Rotation::pull(const std::string& name, RotatePage page) {
  screen_.show(page);
  const vault::MediumRecord record = media_.named(name);
  const double begun = steady_seconds() - seconds_left_in(record.connections.back());
  while (vault::is_still_there(record.insertion)) {
    throw_if_interrupted();
    events_.wait(kLookSeconds);
  }
  media_.update(name, [&](vault::MediumRecord& changed) {
    vault::Connection& last = changed.connections.back();
    if (!last.overhang_seconds) {
      last.overhang_seconds = steady_seconds() - begun;
    }
  });
}

void Rotation::put_away(const std::string& name) {
  const vault::MediumRecord record = media_.named(name);
  screen_.show({.title = title(),
                .large = name,
                .steps = {text("Put this medium away and lock it up.")},
                .notes = {text("Then type who did it and where it is, for the register.")}});
  const std::optional<std::string> person =
      RotateScreen::ask(text("Your name"), record.moves.empty() ? "" : record.moves.back().person,
                        RotateScreen::Answer::needed);
  const std::optional<std::string> place =
      person ? RotateScreen::ask(text("Place"), place_of(record), RotateScreen::Answer::needed)
             : std::nullopt;
  const std::optional<std::string> seal =
      place ? RotateScreen::ask(text("Seal number, if there is one"), "",
                                RotateScreen::Answer::may_be_empty)
            : std::nullopt;
  if (!seal) {
    unnoted_.push_back(name);
    return;
  }
  vault::CustodyMove move;
  move.when = wall_clock_now();
  move.person = *person;
  move.place = *place;
  move.seal = *seal;
  media_.update(name, [&](vault::MediumRecord& changed) { changed.moves.push_back(move); });
}

void Rotation::show_end() {
  RotatePage page{.title = title(), .large = {}, .steps = {}};
  if (asked_.empty()) {
    page.steps = {text("No medium is needed now. Leave all of them where they are.")};
  } else if (unwritten_.empty()) {
    page.steps = {text("All done. Thank you.")};
  } else {
    page.steps = {text("NOT everything was written. Tell the person in charge."),
                  text("With the right medium, start this again.")};
  }
  for (const Unwritten& one : unwritten_) {
    page.notes.push_back(text("{} was NOT written: {}", one.set, one.reason));
  }
  for (const std::string& set : asked_) {
    if (!is_unwritten(set)) {
      page.notes.push_back(set == night_.medium_of_set
                               ? text("{} is offline and has the backup of the night of {}.", set,
                                      date_text(night_.date))
                               : text("{} is offline and has all that waited for it.", set));
    }
  }
  for (const std::string& name : unnoted_) {
    page.notes.push_back(text("Nobody typed who put {} away, and where.", name));
  }
  screen_.show(page);
}

/// What stood on the screen is no longer so.
void Rotation::show_stop(const Error& error) {
  RotatePage page{.title = title(), .large = {}, .steps = {error.one_line()}};
  if (!error.hint().empty()) {
    page.steps.push_back(error.hint());
  }
  for (const vault::MediumRecord& record : known_media()) {
    if (record.is_connected()) {
      page.notes.push_back(
          text("the medium '{}' is still in its slot: pull it and put it away", record.name));
    }
  }
  screen_.show(page);
}

void Rotation::go_through() {
  warn_of_kit(site_, output_);
  clear_slots();
  const vault::Night last =
      vault::night(config_, Date{std::chrono::sys_days{night_.date} - std::chrono::days{1}});
  if (const std::optional<std::string> set = left_of(last)) {
    shown_night_ = last.date;
    write_one(*set);
    shown_night_ = night_.date;
  }
  capture_with_room();
  write_what_waits();
  show_end();
}

int Rotation::run() {
  try {
    go_through();
  } catch (const Error& error) {
    show_stop(error);
    throw;
  }
  if (first_refusal_) {
    std::rethrow_exception(first_refusal_);
  }
  return is_complete_ ? kDone : exit_code_of(ErrorKind::incomplete);
}

}  // namespace

void add_rotate(CLI::App& app, Invocation& invocation) {
  CLI::App* command =
      add_command(app, invocation, "rotate", "For staff: what to fetch, insert, pull, put away");
  command->callback([&invocation] {
    invocation.command = [&invocation] { return Rotation{invocation, invocation.output}.run(); };
  });
}

}  // namespace azekura::cli
