// What a process keeps in memory of its own program.
#pragma once

namespace real {

/// Lets go of those pages of the program and its libraries that only its start needed. For parts
/// that stay for long and do little: one binary with a window in it is a megabyte and a half of
/// pages that an agent has no use for.
///
///   cost  a fault, without disk, for each page that is still used: some hundred, once
void forget_start();

}  // namespace real
