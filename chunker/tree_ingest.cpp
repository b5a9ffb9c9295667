#include "chunker/tree_ingest.h"

#include "chunker/chunk_feed.h"
#include "chunker/earlier_tree.h"
#include "chunker/file_cutters.h"
#include "chunker/object_metadata.h"
#include "chunker/scan_record.h"
#include "chunker/signal_counter.h"
#include "chunker/source_file.h"
#include "chunker/source_walker.h"
#include "chunker/tree_builder.h"
#include "core/error.h"
#include "core/interrupt.h"

#include <fmt/format.h>

#include <array>
#include <string>
#include <utility>

namespace azekura::chunker {

namespace {

/// No path of a scan record: remembered once a source had something in it.
constexpr std::string_view kFilledPath{"\0filled", 7};

/// One walk: the walker's steps in, the builder's steps out, files read on the way.
class TreeIngest {
 public:
  TreeIngest(const Snapshot& snapshot, ChunkSink& sink, Observer& observer, const LeftOut& left_out)
      : source_{snapshot.source.name},
        sink_{sink},
        observer_{observer},
        cutters_{sink.cutter_key()},
        walker_{snapshot.source.origin, left_out, observer},
        earlier_{sink, snapshot.source.name, counter_},
        builder_{sink, observer, counter_, snapshot.source.name, walker_.path(), snapshot.started} {
  }

  void run() {
    while (std::optional<WalkItem> item = walker_.next()) {
      throw_if_interrupted();
      switch (item->step) {
        case WalkStep::enter:
          ++items_;
          enter(*std::move(item));
          break;
        case WalkStep::leave:
          leave(item->entry.flaw);
          break;
        case WalkStep::object:
          ++items_;
          add(*std::move(item));
          break;
      }
    }
  }

  void finish(Snapshot& snapshot) {
    snapshot.root = builder_.finish();
    snapshot.totals = builder_.totals();
    snapshot.totals.read_bytes = read_bytes_;
    snapshot.complete = builder_.unreadable() == 0;
    snapshot.signals.emplace().tree = counter_.take(earlier_.is_known());
    earlier_.remember_snapshot();
    if (!is_empty() && !was_filled()) {
      sink_.remember(filled_key(), as_bytes(kFilledPath), Remembered::at_once);
    }
  }

 private:
  [[nodiscard]] bool is_empty() const { return items_ == 1 && walker_.excluded_items() == 0; }
  [[nodiscard]] std::string filled_key() const { return scan_record_key(source_, kFilledPath); }
  bool was_filled() { return sink_.recall(filled_key()).has_value(); }

  void enter(WalkItem item) {
    earlier_.enter(item.entry.name);
    builder_.enter(std::move(item.entry), earlier_.record());
  }

  void leave(EntryFlaw flaw) {
    // A folder that had something and now has nothing is more likely not mounted than emptied:
    // its snapshot must not pass for the latest complete one.
    const bool is_missing = earlier_.is_in_root() && is_empty() && was_filled();
    if (is_missing) {
      observer_.notice(text(
          "source '{}' is empty now and was not before: is its file system mounted?", source_));
    }
    earlier_.leave(flaw == EntryFlaw::none);
    builder_.leave(is_missing ? EntryFlaw::unreadable : flaw);
  }

  void add(WalkItem item) {
    const Before before = earlier_.see(item.entry);
    if (item.entry.kind != EntryKind::file || item.has_content_elsewhere) {
      builder_.add(std::move(item.entry));
    } else if (std::optional<Entry> known = find_known(item)) {
      observer_.advanced(known->content->size);
      builder_.add_known(*std::move(known), item.state, before);
    } else {
      add_file(std::move(item), before);
    }
  }

  /// The remembered entry, if the file has not changed and its content can be relied on.
  std::optional<Entry> find_known(const WalkItem& item) {
    std::optional<Entry> known = earlier_.unchanged(item.state);
    if (known) {
      // Ids and names of this run, not of that one.
      known->hard_link = item.entry.hard_link;
      known->user = item.entry.user;
      known->group = item.entry.group;
    }
    return known;
  }

  void add_file(WalkItem item, const Before& before) {
    try {
      std::optional<SourceFile> file =
          SourceFile::open(walker_.directory(), walker_.name(), walker_.path());
      if (file) {
        read_file(item.entry, *file, before);
      } else {
        walker_.forget_hard_link(item);
      }
    } catch (const SourceError& error) {
      observer_.flawed(walker_.path(), error.what());
      walker_.forget_hard_link(item);
      item.entry.flaw = EntryFlaw::unreadable;
      builder_.add(std::move(item.entry));
    }
  }

  /// Reads the file, and once more if it changed meanwhile.
  void read_file(const Entry& seen, SourceFile& file, const Before& before) {
    Reading reading = read_once(seen, file);
    if (reading.entry.flaw == EntryFlaw::changed_while_read) {
      builder_.discard(reading.content);
      reading = read_once(seen, file);
    }
    if (reading.entry.flaw == EntryFlaw::changed_while_read) {
      observer_.flawed(walker_.path(), "changed while it was read");
    }
    read_bytes_ += reading.read_bytes;
    const bool is_whole = reading.entry.flaw == EntryFlaw::none;
    builder_.add_pending(std::move(reading.entry), reading.content,
                         is_whole ? std::optional{reading.state} : std::nullopt, before);
  }

  struct Reading {
    Entry entry;
    FileState state;
    PendingContent content;
    std::uint64_t read_bytes = 0;
  };

  /// Lifetime: until the next call.
  const ChunkEnds& chunk_ends_for(const SourceFile& file) {
    const std::uint64_t bytes = file.status().state.size;
    std::array<std::byte, kHeadBytes> head{};
    return cutters_.ends_for(bytes, bytes < kClassifiedBytes ? ByteView{} : file.read_head(head));
  }

  /// What can be read of the file is kept, with a flaw if that may not be one whole state of it.
  Reading read_once(const Entry& seen, SourceFile& file) {
    Reading reading;
    reading.state = file.status().state;
    reading.entry = make_entry(seen.name, file.status(), walker_.owners());
    reading.entry.hard_link = seen.hard_link;
    const bool has_attributes = add_open_metadata(reading.entry, file.fd());
    ChunkFeed feed{sink_, chunk_ends_for(file)};
    try {
      reading.read_bytes = file.read_into(feed, observer_);
      if (file.refresh()) {
        reading.entry.flaw = EntryFlaw::changed_while_read;
      }
    } catch (const SourceError& error) {
      observer_.flawed(walker_.path(), error.what());
      reading.entry.flaw = EntryFlaw::unreadable;
    }
    if (!has_attributes) {
      observer_.flawed(walker_.path(), kAttributesMissing);
      reading.entry.flaw = EntryFlaw::unreadable;
    }
    reading.content = {.stream = feed.finish(), .bytes = feed.size()};
    return reading;
  }

  const std::string source_;
  ChunkSink& sink_;
  Observer& observer_;
  FileCutters cutters_;
  SourceWalker walker_;
  SignalCounter counter_;
  EarlierTree earlier_;
  TreeBuilder builder_;
  std::uint64_t items_ = 0;  ///< visited
  std::uint64_t read_bytes_ = 0;
};

}  // namespace

void ingest_tree(Snapshot& snapshot, ChunkSink& sink, Observer& observer, const LeftOut& left_out) {
  TreeIngest ingest{snapshot, sink, observer, left_out};
  ingest.run();
  ingest.finish(snapshot);
}

}  // namespace azekura::chunker
