// One transfer: a request, the libcurl handle that carries it out, and what came of it.
#pragma once

#include <curl/curl.h>

#include <memory>
#include <string>
#include <utility>

#include "collectors/http/module/tls_facts.h"
#include "collectors/http/transfers.h"

namespace upkeep::http {

class Transfer {
 public:
  // Takes a handle that was used before, or none.
  Transfer(Transfers::Id id, Request request, CURL* handle);
  ~Transfer();
  Transfer(const Transfer&) = delete;
  Transfer& operator=(const Transfer&) = delete;

  // False: no memory.
  [[nodiscard]] bool is_sound() const { return easy_ != nullptr; }
  [[nodiscard]] CURL* handle() const { return easy_; }
  // For another transfer to use.
  CURL* give_handle() {
    ::curl_easy_reset(easy_);  // it knows of this object
    return std::exchange(easy_, nullptr);
  }
  [[nodiscard]] Transfers::Id id() const { return id_; }
  [[nodiscard]] const Request& request() const { return request_; }

  // What came of it, when libcurl is done with it.
  Answer answer(CURLcode code);

  // A conversation goes on when it is connected: then this is called whenever its socket is ready. True: it is over.
  bool talk(Answer& answer);
  [[nodiscard]] curl_socket_t socket() const;
  [[nodiscard]] bool has_more_to_say() const { return said_ < request_.say.size(); }

 private:
  template <class T>
  void set(CURLoption option, T value) {
    ::curl_easy_setopt(easy_, option, value);
  }
  void set_up();
  void set_up_http();
  void set_up_tls();
  void measure(Answer& answer) const;
  static std::size_t on_body(const char* data, std::size_t size, std::size_t count, void* self) noexcept;
  static std::size_t on_header(const char* data, std::size_t size, std::size_t count, void* self) noexcept;
  static curl_socket_t on_socket(void* self, curlsocktype purpose, curl_sockaddr* address) noexcept;
  static CURLcode on_tls(CURL* easy, void* ssl_context, void* self) noexcept;
  bool take_body(std::string_view piece);
  bool take_header(std::string_view line);

  struct FreeList {
    void operator()(curl_slist* list) const { ::curl_slist_free_all(list); }
  };
  using List = std::unique_ptr<curl_slist, FreeList>;
  static void append(List& list, const std::string& text);

  const Transfers::Id id_;
  const Request request_;
  CURL* easy_;
  char error_[CURL_ERROR_SIZE] = {};
  List headers_, connect_to_;
  TlsWatch tls_;
  Answer answer_;
  bool is_too_large_ = false;
  std::size_t said_ = 0;  // of request_.say
};

}  // namespace upkeep::http
