// The only place that includes Asio: Boost 1.74 forgets <utility>, which awaitable.hpp needs.
#pragma once

#include <utility>

#include <boost/asio.hpp>

namespace real {

namespace asio = boost::asio;
using asio::awaitable;
using asio::use_awaitable;
using asio::ip::tcp;

}  // namespace real
