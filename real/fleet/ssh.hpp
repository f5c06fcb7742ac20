// Ssh: one connection to a machine of the fleet: commands, files, and a command as if it ran here.
//
// Strict: the machine has to show a key that its known_hosts file holds. An unknown key is refused
// with the line to add, a changed one with the line that holds the old one; nothing is ever added
// by us. We show a key or a password of files that only their owner can use, no key of an agent,
// and forward no agent. The user's own ~/.ssh/config is not read: what the fleet file says is all
// there is.
//
// Blocking; not for two threads at once. Every wait is bounded: by `patience` where an answer is
// due, and in relay(), which lasts as long as its command, by TCP's own probes.
//
// Files arrive whole or not at all: they are written beside their name as NAME.part, through no
// link, synced where the machine can, compared by their digest, and then renamed.
#pragma once

#include <chrono>
#include <filesystem>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>

#include "real/fleet/fleet_file.hpp"

namespace real {

/// The machine cannot be reached, is not who it should be, or does not let us. Begins with the
/// host's name; one line.
struct SshError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

class SshConnection;

class Ssh {
 public:
  /// Connects, checks who answers, and logs in.
  ///
  ///   patience  for the whole of it, and for each later answer
  ///   throws    SshError
  Ssh(const FleetHost& host, std::chrono::seconds patience);
  ~Ssh();
  Ssh(const Ssh&) = delete;
  Ssh& operator=(const Ssh&) = delete;

  struct Ended {
    int exit = 0;  // its code; 128 + N where signal N ended it
    std::string output, errors;
  };

  /// Runs a command through the user's shell there: its words go through shell_word() first.
  ///
  ///   throws  SshError; also where it does not end within the patience, or says more than 1 MiB
  Ended run(const std::string& command, std::string_view input = {});
  /// The same; a command that fails is an SshError with what it said.
  std::string run_well(const std::string& command, std::string_view input = {});

  /// Makes a folder and those above it, each private (0700). `remote` starts at the user's home and
  /// stays below it. A part of it that is a link, belongs to somebody else or that others may write
  /// to is refused.
  ///
  ///   throws  SshError
  void make_folder(const std::string& remote);

  /// Sends a file; `remote` starts at the user's home.
  ///
  ///   returns  its SHA-256 as both sides have computed it, 64 hexadecimal digits
  ///   throws   SshError; std::system_error when `local` cannot be read
  std::string upload(const std::filesystem::path& local, const std::string& remote, unsigned mode);
  /// The same with bytes that we hold.
  std::string write(const std::string& remote, std::string_view bytes, unsigned mode);

  /// Runs a command with our descriptors as its own until it ends: what we read from `in` it reads,
  /// and its input ends with ours, also when we are killed.
  ///
  ///   returns  as Ended::exit
  ///   throws   SshError when the connection is lost; std::system_error when `out` or `err` is
  int relay(const std::string& command, int in, int out, int err);

 private:
  std::unique_ptr<SshConnection> connection_;
};

}  // namespace real
