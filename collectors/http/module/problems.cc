#include "collectors/http/module/problems.h"

#include <curl/curl.h>

#include <cerrno>
#include <system_error>

namespace upkeep::http {
namespace {

Failure by_errno(long number) {
  switch (number) {
    case ENOENT:
    case ENOTDIR:
      return Failure::kNotFound;
    case EACCES:
    case EPERM:
      return Failure::kDenied;
    case ECONNREFUSED:
    case ENOTSOCK:
    case EPROTOTYPE:
      return Failure::kRefused;
    case ENETUNREACH:
    case EHOSTUNREACH:
    case EADDRNOTAVAIL:
      return Failure::kUnreachable;
    case ECONNRESET:
    case EPIPE:
      return Failure::kLost;
    case ETIMEDOUT:
      return Failure::kTimeout;
    default:
      return Failure::kOther;
  }
}

Failure by_code(int code) {
  switch (code) {
    case CURLE_OPERATION_TIMEDOUT:
      return Failure::kTimeout;
    case CURLE_GOT_NOTHING:
    case CURLE_PARTIAL_FILE:
    case CURLE_RECV_ERROR:
    case CURLE_SEND_ERROR:
      return Failure::kLost;
    case CURLE_UNSUPPORTED_PROTOCOL:  // HTTP/0.9: anything at all
    case CURLE_WEIRD_SERVER_REPLY:
    case CURLE_BAD_CONTENT_ENCODING:
    case CURLE_WRITE_ERROR:  // what cannot be decompressed; who stops it says so
    case CURLE_HTTP2:
    case CURLE_HTTP2_STREAM:
      return Failure::kMalformed;
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CIPHER:
    case CURLE_SSL_CACERT_BADFILE:
      return Failure::kTls;
    default:
      return Failure::kOther;
  }
}

std::string one_line(std::string text) {
  for (char& c : text) {
    if (static_cast<unsigned char>(c) < 0x20) c = ' ';
  }
  return text;
}

}  // namespace

Problem problem_of(int curl_code, long error_number, std::string message) {
  if (curl_code == CURLE_COULDNT_CONNECT && error_number != 0) {
    return {by_errno(error_number), std::generic_category().message(static_cast<int>(error_number))};
  }
  if (message.empty()) message = ::curl_easy_strerror(static_cast<CURLcode>(curl_code));
  return {by_code(curl_code), one_line(std::move(message))};
}

}  // namespace upkeep::http
