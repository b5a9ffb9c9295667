#include "cli/medium_report.h"

#include "cli/refusal_words.h"
#include "core/clock.h"
#include "core/text.h"

#include <nlohmann/json.hpp>

namespace azekura::cli {

namespace {

std::string end_text(vault::ConnectionEnd end) {
  switch (end) {
    case vault::ConnectionEnd::unknown:
      return text("not ended properly");
    case vault::ConnectionEnd::detached:
      return text("detached");
    case vault::ConnectionEnd::off:
      return text("powered off");
    case vault::ConnectionEnd::released:
      return text("unmounted, to be attached again");
  }
  return "";
}

std::string move_text(const vault::CustodyMove& move) {
  std::string said = text("{}: {}, by {}", local_time_text(move.when), move.place, move.person);
  said += move.due.empty() ? "" : text(", due back {}", move.due);
  return said + (move.seal.empty() ? "" : text(", seal {}", move.seal));
}

std::string connection_text(const vault::Connection& one) {
  std::string said = text("{}: {:.1f} s of work", local_time_text(one.attached), one.work_seconds);
  said += one.overhang_seconds ? text(", pulled {:.0f} s later", *one.overhang_seconds)
                               : text(", not seen pulled");
  if (one.last_session != 0) {
    said += text(", sessions {} to {}, {}", one.first_session, one.last_session,
                 human_bytes(one.bytes));
  } else if (one.bytes > 0) {
    said += text(", {} written, no session sealed", human_bytes(one.bytes));
  }
  return fmt::format("{}; {}", said, end_text(one.end));
}

std::string dated_refusal_text(const vault::Refusal& refusal) {
  const std::string said =
      fmt::format("{}: {}", local_time_text(refusal.when), refusal_text(refusal));
  return refusal.written ? text("{}; written on {}", said, local_time_text(*refusal.written))
                         : text("{}; not written since", said);
}

}  // namespace

std::string whereabouts(const vault::MediumRecord& record) {
  if (record.is_connected()) {
    return text("connected to this host: NOT OFFLINE");
  }
  return record.moves.empty()
             ? text("no place noted")
             : text("{}, by {}", record.moves.back().place, record.moves.back().person);
}

std::string medium_line(const vault::MediumRecord& record) {
  return text("{:<20} {:>10} free  {}", record.name, human_bytes(record.free_bytes),
              whereabouts(record));
}

std::vector<std::string> medium_page(const vault::MediumRecord& record) {
  std::vector<std::string> lines{
      text("medium    {}", record.name),
      text("id        {}", record.id.hex()),
      text("set       {}", record.set),
      text("disk      {}", record.description),
      text("size      {}, {} free", human_bytes(record.bytes), human_bytes(record.free_bytes)),
      text("enrolled  {}", local_time_text(record.enrolled)),
      text("now       {}", whereabouts(record)),
  };
  for (const vault::CustodyMove& move : record.moves) {
    lines.push_back(text("moved     {}", move_text(move)));
  }
  for (const vault::Refusal& refusal : record.refusals) {
    lines.push_back(text("refused   {}", dated_refusal_text(refusal)));
  }
  for (const vault::Connection& one : record.connections) {
    lines.push_back(text("connected {}", connection_text(one)));
  }
  return lines;
}

Json medium_object(const vault::MediumRecord& record) {
  return {{"event", "medium"},
          {"name", record.name},
          {"medium", record.id.hex()},
          {"set", record.set},
          {"description", record.description},
          {"bytes", record.bytes},
          {"free_bytes", record.free_bytes},
          {"enrolled", utc_time_text(record.enrolled)},
          {"attached", record.is_connected()},
          {"place", record.moves.empty() ? "" : record.moves.back().place},
          {"person", record.moves.empty() ? "" : record.moves.back().person},
          {"due", record.moves.empty() ? "" : record.moves.back().due}};
}

Json move_object(const vault::MediumRecord& record, const vault::CustodyMove& move) {
  return {{"event", "move"},     {"name", record.name},   {"when", utc_time_text(move.when)},
          {"place", move.place}, {"person", move.person}, {"due", move.due},
          {"seal", move.seal}};
}

Json refusal_object(const vault::MediumRecord& record, const vault::Refusal& refusal) {
  return {{"event", "refusal"},
          {"name", record.name},
          {"when", utc_time_text(refusal.when)},
          {"code", refusal.code},
          {"person", refusal.person},
          {"written", refusal.written ? Json(utc_time_text(*refusal.written)) : Json()}};
}

}  // namespace azekura::cli
