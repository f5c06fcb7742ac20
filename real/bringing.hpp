// Bringing: a machine's files, from the host on which it ended to another one, where somebody is to
// read what it had acknowledged.
//
// The store and its log go through the two wardens' connections, piece by piece, a few pieces under
// way at once. Nobody writes them any more: the stage has seen the end of their process.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "real/outpost.hpp"

namespace real {

/// Copies the store's files from a folder of one host to a folder of another; both are relative to
/// the run's folder there. Either host may be lost meanwhile, but must outlive the copy.
///
///   then  called once: empty when all is there, else why not
void bring_store(Outpost& from, const std::string& folder, Outpost& to, const std::string& into,
                 std::function<void(const std::string& why)> then);

}  // namespace real
