#pragma once

#include <string_view>

/// Codes of the reasons for which a medium is not used; what to do about each stands in
/// docs/reliability.md, "Refusals". A code never gets another meaning.
namespace azekura::vault::refusal {

inline constexpr std::string_view kNotTonights = "AZK-M01";
inline constexpr std::string_view kNotEnrolled = "AZK-M02";
inline constexpr std::string_view kOtherSite = "AZK-M03";
inline constexpr std::string_view kCloned = "AZK-M04";
inline constexpr std::string_view kBehind = "AZK-M05";
inline constexpr std::string_view kForked = "AZK-M06";
inline constexpr std::string_view kTwoOfOnePool = "AZK-M07";
inline constexpr std::string_view kStillAttached = "AZK-M08";
inline constexpr std::string_view kTooSmall = "AZK-M09";
inline constexpr std::string_view kFailing = "AZK-M10";
inline constexpr std::string_view kReadOnly = "AZK-M11";
inline constexpr std::string_view kMissing = "AZK-M12";
inline constexpr std::string_view kPulled = "AZK-M13";
inline constexpr std::string_view kTooLong = "AZK-M14";
inline constexpr std::string_view kSpoolFull = "AZK-M15";

}  // namespace azekura::vault::refusal
