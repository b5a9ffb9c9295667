#include "chunker/tree_builder.h"

#include "core/checksum.h"
#include "core/error.h"
#include "core/tree_codec.h"

#include <utility>

namespace azekura::chunker {

namespace {

/// Steps and bytes that may wait for their contents before a block is closed early for them.
constexpr std::size_t kQueueSteps = 4096;
constexpr std::uint64_t kQueueBytes = 256 * kMiB;

Buffer encoded_form(const Entry& entry) {
  ByteWriter out;
  encode_entry(out, entry);
  return out.take();
}

/// Why a reader would refuse the encoded entry; nullopt if it would not.
std::optional<std::string> refusal_of(ByteView encoded) {
  try {
    static_cast<void>(decode_entry(encoded));
    return std::nullopt;
  } catch (const DamageError& error) {
    return error.what();
  }
}

/// Only what the kind and the content need.
Entry bare_form(const Entry& entry) {
  Entry bare;
  bare.name = entry.name;
  bare.kind = entry.kind;
  bare.mode = entry.mode & 07777U;
  bare.uid = entry.uid;
  bare.gid = entry.gid;
  bare.content = entry.content;
  bare.link_target = entry.link_target;
  bare.device = entry.device;
  bare.hard_link = entry.hard_link;
  bare.flaw = EntryFlaw::unreadable;
  return bare;
}

}  // namespace

TreeBuilder::TreeBuilder(ChunkSink& sink, Observer& observer, SignalCounter& counter,
                         std::string source, std::string root, const Timestamp& scan_start)
    : sink_{sink},
      observer_{observer},
      counter_{counter},
      cutter_{sink.cutter_key(), kDirectoryTarget},
      source_{std::move(source)},
      root_path_{std::move(root)},
      scan_start_{scan_start},
      root_record_{scan_start} {}

void TreeBuilder::enter(Entry directory, ByteView recalled) {
  Step step;
  step.kind = Kind::enter;
  step.entry = std::move(directory);
  step.recalled = checksum(recalled);
  push(std::move(step));
}

void TreeBuilder::leave(EntryFlaw flaw) {
  Step step;
  step.kind = Kind::leave;
  step.entry.flaw = flaw;
  push(std::move(step));
}

void TreeBuilder::add(Entry entry) {
  Step step;
  step.entry = std::move(entry);
  push(std::move(step));
}

void TreeBuilder::add_known(Entry entry, const FileState& state, const Before& before) {
  Step step;
  step.entry = std::move(entry);
  step.state = state;
  step.before = before;
  push(std::move(step));
}

void TreeBuilder::add_pending(Entry entry, const PendingContent& content,
                              std::optional<FileState> state, const Before& before) {
  Step step;
  step.entry = std::move(entry);
  step.pending = content;
  step.state = state;
  step.before = before;
  push(std::move(step));
}

void TreeBuilder::discard(const PendingContent& content) {
  Step step;
  step.kind = Kind::discard;
  step.pending = content;
  push(std::move(step));
}

Entry TreeBuilder::finish() {
  settle(true);
  AZK_CHECK(open_.empty());
  AZK_CHECK(root_.has_value());
  if (!root_record_.empty()) {
    remember(root_record_.take(false), root_from_, 0);
  }
  return *std::move(root_);
}

void TreeBuilder::push(Step step) {
  if (step.pending) {
    pending_bytes_ += step.pending->bytes;
  }
  queue_.push_back(std::move(step));
  settle(false);
}

void TreeBuilder::settle(bool to_the_end) {
  while (!queue_.empty()) {
    const bool is_full = queue_.size() > kQueueSteps || pending_bytes_ > kQueueBytes;
    if (!resolve(queue_.front(), to_the_end || is_full)) {
      return;
    }
    Step step = std::move(queue_.front());
    queue_.pop_front();
    apply(std::move(step));
  }
}

bool TreeBuilder::resolve(Step& step, bool may_wait) {
  if (!step.pending) {
    return true;
  }
  std::optional<Content> content = sink_.poll(step.pending->stream);
  if (!content && !may_wait) {
    return false;
  }
  step.entry.content = content ? std::move(content) : sink_.wait(step.pending->stream);
  pending_bytes_ -= step.pending->bytes;
  return true;
}

void TreeBuilder::apply(Step step) {
  switch (step.kind) {
    case Kind::enter:
      apply_enter(std::move(step));
      break;
    case Kind::leave:
      apply_leave(step.entry.flaw);
      break;
    case Kind::discard:
      break;
    case Kind::entry:
      apply_entry(std::move(step));
      break;
  }
}

void TreeBuilder::apply_entry(Step step) {
  if (step.entry.kind == EntryKind::file && step.entry.content) {
    totals_.bytes += step.entry.content->size;
  }
  const bool may_be_further = step.entry.kind == EntryKind::file && !step.entry.content;
  const std::optional<Entry> whole =
      may_be_further ? links_.find(step.entry) : std::optional<Entry>{};
  Buffer encoded = encoded_form(whole ? *whole : step.entry);
  const bool is_known = whole || (step.state && !step.pending);
  if (!is_known && !make_readable(step.entry, encoded)) {
    return;
  }
  if (step.entry.flaw != EntryFlaw::none) {
    step.state.reset();
  } else if (step.entry.hard_link && step.entry.content) {
    links_.add_first(step.entry, encoded.size());
  }
  if (step.state && step.entry.content->level > 0) {
    (open_.empty() ? root_from_ : open_.back().from) = Remembered::at_session_end;
  }
  counter_.add(step.entry, step.before);
  place(std::move(step.entry), encoded, step.state);
}

void TreeBuilder::apply_enter(Step step) {
  OpenDirectory directory{.entry = std::move(step.entry),
                          .entries = {},
                          .record = ScanRecordWriter{scan_start_},
                          .from = Remembered::at_once,
                          .recalled = step.recalled,
                          .path_length = path_.size()};
  path_ += directory.entry.name;
  path_ += '/';
  open_.push_back(std::move(directory));
}

void TreeBuilder::apply_leave(EntryFlaw flaw) {
  AZK_CHECK(!open_.empty());
  OpenDirectory directory = std::move(open_.back());
  open_.pop_back();
  // Of a listing that failed nothing is known; what was before still is.
  if (flaw == EntryFlaw::none || !directory.record.empty()) {
    remember(directory.record.take(flaw != EntryFlaw::none), directory.from, directory.recalled);
  }
  path_.resize(directory.path_length);
  Piece piece;
  piece.chunk_lengths = cutter_.cut(directory.entries.view());
  piece.bytes = directory.entries.take();
  directory.entry.content = sink_.put_tree(std::move(piece));
  if (flaw != EntryFlaw::none) {
    directory.entry.flaw = flaw;
  }
  Buffer encoded = encoded_form(directory.entry);
  const bool has_form = make_readable(directory.entry, encoded);
  AZK_CHECK(has_form);  // a directory without anything else is one
  place(std::move(directory.entry), encoded, std::nullopt);
}

bool TreeBuilder::make_readable(Entry& entry, Buffer& encoded) {
  const std::optional<std::string> refusal = refusal_of(encoded);
  if (!refusal) {
    return true;
  }
  observer_.flawed(root_path_ + path_ + entry.name,
                   text("cannot be recorded as it is: {}", *refusal));
  entry = bare_form(entry);
  encoded = encoded_form(entry);
  if (refusal_of(encoded)) {
    entry.content.reset();
    encoded = encoded_form(entry);
  }
  if (!refusal_of(encoded)) {
    return true;
  }
  // A link without a target, say: its directory is what lacks something.
  AZK_CHECK(!open_.empty());
  open_.back().entry.flaw = EntryFlaw::unreadable;
  return false;
}

void TreeBuilder::place(Entry entry, ByteView encoded, const std::optional<FileState>& state) {
  ++totals_.entries;
  totals_.flawed += entry.flaw != EntryFlaw::none ? 1 : 0;
  unreadable_ += entry.flaw == EntryFlaw::unreadable ? 1 : 0;
  if (open_.empty()) {
    AZK_CHECK(!root_.has_value());
    if (entry.kind == EntryKind::file) {
      root_record_.add(entry, encoded, state);
    }
    root_ = std::move(entry);
    return;
  }
  // Entries come sorted, so one by one they are the encoding of the directory.
  AZK_CHECK(is_valid_name(entry.name));
  open_.back().entries.long_bytes(encoded);
  open_.back().record.add(entry, encoded, state);
}

void TreeBuilder::remember(ByteView record, Remembered from, std::uint64_t recalled) {
  if (checksum(record) != recalled) {
    sink_.remember(scan_record_key(source_, path_), record, from);
  }
}

}  // namespace azekura::chunker
