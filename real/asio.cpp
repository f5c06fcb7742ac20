#include "real/asio.hpp"

#include <boost/asio/impl/src.hpp>
