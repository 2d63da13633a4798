#include "exporter/result.h"

#include <cerrno>
#include <system_error>

namespace upkeep {
namespace {

ErrorCode classify(int error_number) {
  switch (error_number) {
    case ENOENT:
    case ENODEV:
    case ENXIO:
    case ESRCH:
    case ENOTDIR:
      return ErrorCode::kNotFound;
    case EOPNOTSUPP:  // what the kernel could count and was told not to, such as /proc/pressure
      return ErrorCode::kNoData;
    case EACCES:
    case EPERM:
      return ErrorCode::kPermission;
    case ETIMEDOUT:
      return ErrorCode::kTimeout;
    case EMFILE:
    case ENFILE:
      return ErrorCode::kLimit;
    default:
      return ErrorCode::kSystem;
  }
}

}  // namespace

std::unexpected<Error> system_failure(int error_number, std::string_view item) {
  std::string message(item);
  message += ": ";
  message += std::generic_category().message(error_number);
  return fail(classify(error_number), std::move(message));
}

}  // namespace upkeep
