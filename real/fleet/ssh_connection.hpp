// SshConnection: what the parts of Ssh share: the session, its alarm, and how failures are told.
//
// libssh waits without end in most of its calls. So a second thread watches: where an answer is
// overdue it shuts the socket down, and the call returns with an error.
#pragma once

#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "real/fleet/ssh.hpp"
#include "real/fleet/ssh_library.hpp"
#include "real/posix.hpp"

namespace real {

/// Shuts a socket down when it is not told in time that all is well.
class SshAlarm {
 public:
  SshAlarm();
  ~SshAlarm();

  /// Set again, it counts from now.
  void set(int socket, std::chrono::milliseconds patience);
  void clear();
  bool has_rung() const;

 private:
  void watch(const std::stop_token& over);

  mutable std::mutex mutex_;
  std::condition_variable_any changed_;
  std::optional<std::chrono::steady_clock::time_point> due_;
  int socket_ = -1;
  bool rung_ = false;
  std::jthread thread_;  // last: it uses the others
};

struct SshSessionCloser {
  void operator()(ssh_session session) const;
};
struct SshChannelCloser {
  void operator()(ssh_channel channel) const;
};
struct SftpCloser {
  void operator()(sftp_session sftp) const;
};
using SshSession = std::unique_ptr<ssh_session_struct, SshSessionCloser>;
using SshChannel = std::unique_ptr<ssh_channel_struct, SshChannelCloser>;
using Sftp = std::unique_ptr<sftp_session_struct, SftpCloser>;

class SshConnection {
 public:
  SshConnection(const FleetHost& host, std::chrono::seconds patience);
  ~SshConnection();

  const SshLibrary& library() const { return library_; }
  ssh_session session() const { return session_.get(); }
  std::chrono::milliseconds patience() const { return patience_; }
  /// From here on an answer is due within the patience.
  void expect_answer() { alarm_.set(socket_.get(), patience_); }
  void expect_nothing() { alarm_.clear(); }

  SshError wrong(const std::string& what) const { return SshError{name_ + ": " + what}; }
  /// `what` and libssh's reason, or that there was no answer.
  SshError failed(const std::string& what) const;
  /// The same where the reason is known, unless there was no answer at all.
  SshError failed_file(const std::string& what, const std::string& why) const;

  /// Opened when it is needed first.
  sftp_session sftp();

  /// Runs a command. See Ssh::relay; `most` bounds what it may say, `hurry` how long it may take.
  int exchange(const std::string& command, int in, int out, int err,
               std::optional<std::size_t> most, bool hurry);

 private:
  void configure(const FleetHost& host);
  void log_in(const FleetHost& host);

  const SshLibrary& library_;
  std::string name_;
  std::chrono::milliseconds patience_;
  Descriptor socket_;  // ours; libssh closes another of the same socket
  SshAlarm alarm_;     // ends before the socket does
  SshSession session_;
  Sftp sftp_;
};

}  // namespace real
