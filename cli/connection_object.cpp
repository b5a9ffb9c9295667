#include "cli/connection_object.h"

#include "core/clock.h"

#include <nlohmann/json.hpp>

namespace azekura::cli {

Json connection_object(const std::string& key, const std::string& whose,
                       const vault::Connection& connection) {
  Json object{{"event", "connection"},
              {key, whose},
              {"attached", utc_time_text(connection.attached)},
              {"end", vault::name_of(connection.end)},
              {"work_seconds", connection.work_seconds},
              {"overhang_seconds", nullptr},
              {"bytes", connection.bytes},
              {"first_session", connection.first_session},
              {"last_session", connection.last_session}};
  if (connection.overhang_seconds) {
    object["overhang_seconds"] = *connection.overhang_seconds;
  }
  return object;
}

}  // namespace azekura::cli
