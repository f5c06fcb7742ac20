// CurlLibrary: libcurl, found when a mail is to be sent and not before.
//
// Brink is one program that needs nothing installed where it runs, and libcurl.a wants a dozen
// libraries. So it is opened by name by the collector that has mails to send; where it is not
// there, that is one message with what to install, and the mails wait.
#pragma once

#include <curl/curl.h>

namespace real {

/// libcurl's functions that we call, under their own names without the prefix.
struct CurlLibrary {
  decltype(&::curl_global_init) global_init = nullptr;
  decltype(&::curl_easy_init) easy_init = nullptr;
  decltype(&::curl_easy_cleanup) easy_cleanup = nullptr;
  decltype(&::curl_easy_setopt) set_option = nullptr;
  decltype(&::curl_easy_perform) easy_perform = nullptr;
  decltype(&::curl_easy_getinfo) get_info = nullptr;
  decltype(&::curl_easy_strerror) easy_strerror = nullptr;
  decltype(&::curl_slist_append) slist_append = nullptr;
  decltype(&::curl_slist_free_all) slist_free_all = nullptr;

  /// The functions of libcurl.so.4, which stays loaded. Throws std::runtime_error with what to
  /// install where there is none. Call it first when no other thread uses libcurl.
  static const CurlLibrary& get();
};

}  // namespace real
