// The one vocabulary for failure: a value or an Error that says what was being done, to which item, and why.
#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>
#include <utility>

namespace upkeep {

enum class ErrorCode : std::uint8_t {
  kNotFound,    // the file, device or name is not there (also: it vanished while being read)
  kNoData,      // there is nothing of this kind on this machine; not a fault
  kPermission,  // the process may not look
  kParse,       // what was read is not what its format promises
  kTimeout,     // the deadline passed first
  kLimit,       // one of the limits in limits.h was reached
  kSystem,      // any other failure of a system call or a library
};

struct Error {
  ErrorCode code;
  std::string message;  // complete on its own: "sys/class/hwmon/hwmon0/temp1_input: Input/output error"
};

template <class T = void>
using Result = std::expected<T, Error>;

inline std::unexpected<Error> fail(ErrorCode code, std::string message) {
  return std::unexpected<Error>(Error{code, std::move(message)});
}

// The Error for a system call that failed with `error_number` while working on `item`.
std::unexpected<Error> system_failure(int error_number, std::string_view item);

}  // namespace upkeep

// UPKEEP_TRY(declaration, expression): declares the value of a Result, or returns its Error to the caller.
#define UPKEEP_TRY(declaration, expression) UPKEEP_TRY_(declaration, expression, UPKEEP_CAT_(try_, __LINE__))
#define UPKEEP_TRY_(declaration, expression, temporary)                                  \
  auto temporary = (expression);                                                         \
  if (!temporary) return std::unexpected<::upkeep::Error>(std::move(temporary).error()); \
  declaration = *std::move(temporary)
#define UPKEEP_CAT_(a, b) UPKEEP_CAT2_(a, b)
#define UPKEEP_CAT2_(a, b) a##b

// UPKEEP_CHECK(expression): returns the Error of a Result<> to the caller, if there is one.
#define UPKEEP_CHECK(expression)                                                                                    \
  do {                                                                                                              \
    if (auto checked = (expression); !checked) return std::unexpected<::upkeep::Error>(std::move(checked).error()); \
  } while (false)
