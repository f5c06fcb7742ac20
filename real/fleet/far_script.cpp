#include "real/fleet/far_script.hpp"

#include <vector>

#include "real/fleet/shell_word.hpp"

namespace real {
namespace {

constexpr const char* script = R"sh(
verb=$1 folder=./$2
shift 2
umask 077

digest() {  # of a file, or none
  sum=$(sha256sum 2>/dev/null <"$1") && echo "${sum%% *}" || echo none
}

born() {  # when the kernel has started process $1, in its ticks; nothing when it has ended
  # Behind the name, which may hold anything, the state is first and the start the twentieth.
  line=$(sed -n '$s/^.*) //p' "/proc/$1/stat" 2>/dev/null)
  case $line in Z*|X*|'') ;; *) set -- $line; shift 19; echo "$1" ;; esac
}

boot=$(cat /proc/sys/kernel/random/boot_id)

known() {  # is the process of agent.pid still that one? Sets pid and program.
  pid='' program=none
  [ -f agent.pid ] && read -r number start when what <agent.pid || return 1
  case $number in ''|*[!0-9]*) return 1 ;; esac
  [ "$when" = "$boot" ] && [ -n "$start" ] && [ "$(born "$number")" = "$start" ] || return 1
  pid=$number program=$what
}

look() {
  echo "binary $(digest brink)"
  echo "config $(digest agent.config)"
  known
  echo "running $program"
  echo "pid ${pid:-none}"
  [ -f agent.users ] && echo 'users yes' || echo 'users no'
}

stop() {
  known || { rm -f agent.pid; return 0; }
  kill "$pid"
  tries=0
  while known && [ $tries -lt 50 ]; do sleep 0.1; tries=$((tries + 1)); done
  known && kill -9 "$pid"
  while known && [ $tries -lt 70 ]; do sleep 0.1; tries=$((tries + 1)); done
  known && { echo "the agent (pid $pid) does not end" >&2; return 1; }
  rm -f agent.pid
}

start() {
  wanted=$1
  shift
  known && { echo "an agent (pid $pid) runs already" >&2; return 1; }
  [ "$(digest brink)" = "$wanted" ] || { echo 'brink is not what was sent' >&2; return 1; }
  setsid ./brink "$@" </dev/null >>agent.log 2>&1 &
  child=$!
  echo "$child $(born "$child") $boot $wanted" >agent.pid.part && mv -f agent.pid.part agent.pid
  tries=0
  while known && [ $tries -lt 5 ]; do sleep 0.1; tries=$((tries + 1)); done
  known || {
    rm -f agent.pid
    echo "the agent does not start: $(tail -n 1 agent.log)" >&2
    return 1
  }
  # What runs is what the kernel has open, whatever lies there by that name meanwhile.
  opened=$(digest "/proc/$pid/exe")
  [ "$opened" = "$wanted" ] || [ "$opened" = none ] || {
    stop
    echo 'brink was replaced between its upload and its start' >&2
    return 1
  }
  echo "$pid"
}

forget() {
  rm -f -- "$@"
}

remove() {
  was=stopped
  known || was='did not run'
  stop || return 1
  rm -f brink brink.part agent.key agent.key.part agent.config agent.config.part \
    agent.pid.part agent.log agent.log.part commands.toml commands.toml.part \
    certificate.pem certificate.pem.part certificate.key certificate.key.part \
    collector.pem collector.pem.part
  cd "$home" || return 1
  if rmdir "$folder" 2>/dev/null; then
    echo "$was, removed"
  else
    echo "$was, removed but for $(ls -A "$folder" | paste -s -d ' ' -)"
  fi
}

home=$PWD
if [ ! -d "$folder" ] && [ "$verb" = remove ]; then echo 'nothing there'; exit 0; fi
cd "$folder" || exit 1
"$verb" "$@"
)sh";

}  // namespace

std::string far_script(Ssh& ssh, const std::string& verb, const std::string& directory,
                       std::span<const std::string> words) {
  std::vector<std::string> all{"sh", "-s", "--", verb, directory};
  all.insert(all.end(), words.begin(), words.end());
  return ssh.run_well(shell_command(all), script);
}

}  // namespace real
