#include "cli/capture_run.h"
#include "cli/commands.h"
#include "cli/exit_code.h"
#include "cli/night_record.h"
#include "cli/rotate_screen.h"
#include "cli/set_medium.h"
#include "core/clock.h"
#include "core/error.h"
#include "core/interrupt.h"
#include "core/text.h"
#include "vault/admission.h"
#include "vault/refusal.h"
#include "vault/removal.h"
#include "vault/rotation.h"

#include <algorithm>
#include <cstdio>
#include <memory>

namespace azekura::cli {

namespace {

constexpr double kLookSeconds = 1;

std::string place_of(const vault::MediumRecord& record) {
  return record.moves.empty() ? text("the safe") : record.moves.back().place;
}

/// The hands of a person were faster than a run: what is in the slot now is looked at anew.
bool is_of_hands(const Error& error) {
  return error.code() == vault::refusal::kPulled || error.code() == vault::refusal::kMissing ||
         error.code() == vault::refusal::kNotEnrolled;
}

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
        output_{output} {}

  int run();

 private:
  [[nodiscard]] std::string title() const;
  [[nodiscard]] std::vector<std::string> sets_to_write() const;
  void capture_if_needed();
  void clear_slots();
  void wait_for_medium(const std::string& set, bool was_pulled);
  void write_one(const std::string& set);
  void pull(const std::string& name, const std::string& step);
  void put_away(const std::string& name);

  vault::Site site_;
  SiteConfig config_;
  vault::MediumRegister media_;
  vault::Night night_;
  Output& output_;
  bool is_complete_ = true;  ///< what was captured by this run
  RotateScreen screen_;
  vault::DeviceEvents events_;
};

std::string Rotation::title() const { return text("Night of {}", date_text(night_.date)); }

/// Tonight's first, then those that were missed.
std::vector<std::string> Rotation::sets_to_write() const {
  std::vector<std::string> sets;
  for (const SetConfig& set : config_.sets) {
    const bool waits = vault::Spool::waiting(site_.spool_path(set.name)) > 0;
    const bool is_not_due = !night_.medium_of_set && set.name == night_.captured_for;
    if (set.folder.empty() && waits && !is_not_due) {
      const bool is_tonights = night_.medium_of_set == set.name;
      sets.insert(is_tonights ? sets.begin() : sets.end(), set.name);
    }
  }
  return sets;
}

/// If the night's own run did not do it yet: with every medium still in the safe.
void Rotation::capture_if_needed() {
  if (!night_.medium_of_set || is_captured_on(site_, *night_.medium_of_set, night_.date)) {
    return;
  }
  screen_.show({.title = title(),
                .large = {},
                .steps = {text("Please wait: tonight's backup is being prepared."),
                          text("Do not insert any medium yet.")}});
  is_complete_ = capture_into_spool(site_, config_.set(*night_.medium_of_set),
                                    config_.sources_of_pool(night_.pool), output_)
                     .complete;
}

/// What was attached earlier and nobody pulled.
void Rotation::clear_slots() {
  for (const vault::MediumRecord& record : media_.all()) {
    if (record.is_left_in()) {
      pull(record.name, text("This medium was left in. Pull it now."));
      put_away(record.name);
    }
  }
}

void Rotation::wait_for_medium(const std::string& set, bool was_pulled) {
  for (;;) {
    throw_if_interrupted();
    try {
      static_cast<void>(vault::admit(site_, config_, set, media_, vault::find_media(),
                                     vault::bytes_waiting(vault::Spool{site_.spool_path(set)})));
      return;
    } catch (const Error& error) {
      if (error.code() == vault::refusal::kMissing && was_pulled) {
        screen_.show({.title = title(),
                      .large = set,
                      .steps = {text("It was pulled too early. Insert it again.")},
                      .notes = {text("Nothing is lost: it goes on where it was.")}});
      } else if (error.code() == vault::refusal::kMissing) {
        std::string place = text("the safe");
        for (const vault::MediumRecord& record : media_.all()) {
          place = record.set == set ? place_of(record) : place;
        }
        screen_.show({.title = title(),
                      .large = set,
                      .steps = {text("Fetch this medium and insert it."),
                                text("It is kept here: {}", place)}});
      } else if (!error.code().empty()) {
        screen_.show({.title = text("This cannot be used ({})", error.code()),
                      .large = {},
                      .steps = {error.what(), error.hint()},
                      .notes = {text("Nothing was written to it. This page goes on by itself.")}});
      } else {
        throw;
      }
    }
    events_.wait(kLookSeconds);
  }
}

void Rotation::write_one(const std::string& set) {
  bool was_pulled = false;
  for (;;) {
    wait_for_medium(set, was_pulled);
    screen_.show({.title = title(),
                  .large = set,
                  .steps = {text("Writing and verifying. DO NOT PULL the medium.")}});
    try {
      static_cast<void>(write_waiting(site_, config_, config_.set(set), output_));
      break;
    } catch (const MediumError& error) {
      if (!is_of_hands(error)) {
        throw;
      }
      was_pulled = was_pulled || error.code() == vault::refusal::kPulled;
    }
  }
  pull(set, text("Done. Pull this medium now."));
  put_away(set);
}

void Rotation::pull(const std::string& name, const std::string& step) {
  screen_.show({.title = title(),
                .large = name,
                .steps = {step},
                .notes = {text("It is not offline before it is pulled.")}});
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
  vault::CustodyMove move;
  move.person =
      RotateScreen::ask(text("Your name"), record.moves.empty() ? "" : record.moves.back().person);
  move.place = RotateScreen::ask(text("Place"), place_of(record));
  move.seal = RotateScreen::ask(text("Seal number, if there is one"), "");
  move.when = wall_clock_now();
  media_.update(name, [&](vault::MediumRecord& changed) { changed.moves.push_back(move); });
}

int Rotation::run() {
  warn_of_kit(site_, output_);
  clear_slots();
  capture_if_needed();
  const std::vector<std::string> sets = sets_to_write();
  for (const std::string& set : sets) {
    write_one(set);
  }
  RotatePage page{.title = title(), .large = {}, .steps = {}};
  if (sets.empty()) {
    page.steps = {text("No medium is needed now. Leave all of them where they are.")};
  } else {
    page.steps = {text("All done. Thank you.")};
    for (const std::string& set : sets) {
      page.notes.push_back(set == night_.medium_of_set
                               ? text("{} is offline and has tonight's backup.", set)
                               : text("{} is offline and has all that waited for it.", set));
    }
  }
  screen_.show(page);
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
