#include "vm/client_draw.hpp"

#include <algorithm>
#include <numeric>

namespace vm {

ClientDraw::ClientDraw(const Scenario& scenario, GroupId id)
    : group_(&scenario.clients[id.value]),
      who_{scenario.seed, group_->stream + ".who"},
      what_{scenario.seed, group_->stream + ".what"},
      think_{scenario.seed, group_->stream + ".think"},
      mix_(group_->mix.size()),
      jitter_key_(sim::RandomStream::key(scenario.seed, group_->stream + ".jitter")) {
  if (!std::holds_alternative<ClosedLoop>(group_->arrivals)) {
    arrivals_.emplace(group_->arrivals, scenario.seed, group_->stream);
  }
  if (group_->skew > 0) skew_.emplace(sim::Zipf{group_->count, group_->skew});
  std::partial_sum(group_->mix.begin(), group_->mix.end(), mix_.begin());
}

Duration ClientDraw::think() {
  const double span = std::get<ClosedLoop>(group_->arrivals).think(think_) * pace_;
  // Never in no time: a client that is refused at once would ask again at this instant for ever.
  return std::max(sim::from_seconds(span), Duration{1});
}

void ClientDraw::scale(double factor) {
  pace_ = 1 / factor;
  if (arrivals_) arrivals_->scale(factor);
}

double ClientDraw::jitter(std::uint64_t number, std::uint32_t attempts) const {
  return sim::RandomStream{jitter_key_, number * 64 + attempts % 64}.uniform();
}

}  // namespace vm
