#include "cli/set_medium.h"

#include "cli/refusal_words.h"
#include "core/clock.h"
#include "core/error.h"
#include "core/file_io.h"
#include "core/interrupt.h"
#include "core/text.h"
#include "vault/admission.h"
#include "vault/attachment.h"
#include "vault/refusal.h"

#include <algorithm>
#include <chrono>
#include <utility>

namespace azekura::cli {

namespace {

/// No step on a connected medium may begin once the site's limit is over.
class ConnectedLimit {
 public:
  explicit ConnectedLimit(std::chrono::seconds most)
      : until_{steady_seconds() + static_cast<double>(most.count())} {
    set_deadline(until_);
  }
  ConnectedLimit(const ConnectedLimit&) = delete;
  ConnectedLimit& operator=(const ConnectedLimit&) = delete;
  ~ConnectedLimit() { set_deadline(std::nullopt); }

  [[nodiscard]] bool is_over() const { return steady_seconds() > until_; }

 private:
  double until_;
};

/// Not a refusal, nor what stops the run.
bool may_come_of_a_pull(const Error& error) {
  return (error.code().empty() || error.code() == vault::refusal::kFailing) &&
         error.kind() != ErrorKind::interrupted && error.kind() != ErrorKind::policy;
}

}  // namespace

SetMedium::SetMedium(const vault::Site& site, const SiteConfig& config, const SetConfig& set,
                     Output& output)
    : site_{site}, config_{config}, set_{set}, output_{output}, media_{site.path()} {}

std::string SetMedium::name() const {
  return set_.folder.empty() ? text("'{}'", set_.name) : text("\"{}\"", printable(set_.folder));
}

bool SetMedium::is_here() const {
  if (!set_.folder.empty()) {
    return exists(set_.folder + "/label");
  }
  const vault::FoundMedia found = vault::find_media();
  return std::any_of(found.media.begin(), found.media.end(), [&](const auto& one) {
    const std::optional<vault::MediumRecord> record = media_.find(one.label.medium);
    return record && record->set == set_.name;
  });
}

std::optional<vault::WriteTotals> SetMedium::attached(std::uint64_t waiting, const Work& work) {
  if (!set_.folder.empty()) {
    vault::FolderMedium medium{set_.folder, vault::Access::append};
    vault::WriteTotals totals;
    return work(medium, totals) ? std::optional{totals} : std::nullopt;
  }
  try {
    return attached_disk(waiting, work);
  } catch (const InterruptedError&) {
    throw;
  } catch (const Error& error) {
    if (site_.has_waiting(set_.name)) {
      note_refusal(media_, set_.name, {.when = wall_clock_now(), .code = error.code()}, output_);
    }
    throw;
  }
}

/// `error`: what was told of its disk.
void SetMedium::throw_pulled(const Error& error) const {
  MediumError pulled{"the medium '{}' was pulled while it was written ({})", set_.name,
                     error.one_line()};
  pulled.set_code(vault::refusal::kPulled);
  pulled.set_hint(
      text("insert '{}' again and run 'azekura write {}': what is on it "
           "already is not written again",
           set_.name, set_.name));
  throw pulled;
}

std::optional<vault::WriteTotals> SetMedium::attached_disk(std::uint64_t waiting,
                                                           const Work& work) {
  const vault::FoundMedia found = vault::find_media();
  const vault::AdmittedMedium disk =
      vault::admit(site_, config_, set_.name, media_, found, waiting);
  const vault::Insertion insertion = vault::insertion_of(disk.medium->device);
  try {
    return use_disk(disk, work);
  } catch (const InterruptedError&) {
    if (vault::is_still_there(insertion)) {
      output_.warn(
          text("the medium '{}' is still in its slot: pull it and put it away", disk.record.name));
    }
    throw;
  } catch (const Error& error) {
    if (error.code() != vault::refusal::kPulled && !vault::is_still_there(insertion)) {
      throw_pulled(error);
    }
    throw;
  }
}

std::optional<vault::WriteTotals> SetMedium::use_disk(const vault::AdmittedMedium& disk,
                                                      const Work& work) {
  const std::string& name = disk.record.name;
  vault::Attachment attachment{*disk.medium, vault::Access::append, media_, name, output_};
  vault::WriteTotals totals;
  const auto note = [&] {
    attachment.note_written(totals.bytes, totals.first_session, totals.last_session);
  };
  bool is_done = false;
  const ConnectedLimit limit{config_.media.connected};
  try {
    is_done = work(attachment.medium(), totals);
  } catch (const Error& error) {
    note();
    if (may_come_of_a_pull(error) && attachment.was_pulled()) {
      throw_pulled(error);
    }
    if (error.kind() == ErrorKind::policy && limit.is_over()) {
      PolicyError too_long{"the medium '{}' was connected for {} minutes, the limit of the site",
                           name, config_.media.connected.count()};
      too_long.set_code(vault::refusal::kTooLong);
      too_long.set_hint(
          text("pull it; insert it again and run 'azekura write {}', or raise "
               "connected_minutes in site.toml",
               set_.name));
      throw too_long;
    }
    throw;
  }
  note();
  if (!is_done) {
    attachment.release();
    return std::nullopt;
  }
  const vault::Connection connection = attachment.detach();
  totals.connected_seconds = connection.work_seconds;
  if (!site_.has_waiting(set_.name)) {
    media_.update(name, [](vault::MediumRecord& record) { record.note_written(wall_clock_now()); });
  }
  output_.line(connection.end == vault::ConnectionEnd::off
                   ? text("medium '{}' is powered off: pull it and put it away", name)
                   : text("medium '{}' is detached: pull it now and put it away", name));
  return totals;
}

}  // namespace azekura::cli
