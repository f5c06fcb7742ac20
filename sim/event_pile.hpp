// EventPile: events thrown together in order of scheduling, in chunks from one shared pool.
//
// A bucket of the event wheel is a pile. It is only ever appended to, walked once and given back,
// so it needs neither an order nor an index: a chain of chunks does, newest first, every chunk full
// but the newest. Chunks that are given back are the next to be taken, while they are still in the
// cache. The pool never shrinks: a run that was busy once will be busy again.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <memory>
#include <utility>
#include <vector>

namespace sim {

template <class Entry>
struct EventChunk {
  static constexpr std::size_t capacity = 32;  // 768 bytes of 24: a stride that prefetchers follow
  EventChunk* older = nullptr;
  std::array<Entry, capacity> entries;
};

template <class Entry>
class EventChunkPool {
 public:
  using Chunk = EventChunk<Entry>;

  Chunk* take() {
    if (free_ == nullptr) grow(std::clamp<std::size_t>(chunks_ / 4, 16, 4096));
    return std::exchange(free_, free_->older);
  }
  void give(Chunk* chunk) {
    chunk->older = free_;
    free_ = chunk;
  }
  /// Makes room for `chunks` in all. Allocates.
  void reserve(std::size_t chunks) {
    if (chunks > chunks_) grow(chunks - chunks_);
  }

 private:
  void grow(std::size_t chunks) {
    slabs_.push_back(std::make_unique_for_overwrite<Chunk[]>(chunks));
    for (std::size_t i = chunks; i-- > 0;) give(&slabs_.back()[i]);
    chunks_ += chunks;
  }

  std::vector<std::unique_ptr<Chunk[]>> slabs_;
  Chunk* free_ = nullptr;
  std::size_t chunks_ = 0;
};

/// Plain data: who empties a pile gives its chunks back to the pool they came from.
template <class Entry>
struct EventPile {
  using Chunk = EventChunk<Entry>;
  using Pool = EventChunkPool<Entry>;

  Chunk* newest = nullptr;
  std::size_t count = 0;

  void add(const Entry& entry, Pool& pool) {
    const std::size_t slot = count++ % Chunk::capacity;
    if (slot == 0) {
      Chunk* const chunk = pool.take();
      chunk->older = newest;
      newest = chunk;
    }
    newest->entries[slot] = entry;
  }

  /// Empties the pile into visit(entry), the entry that was scheduled last coming first.
  template <class Visit>
  void drain_newest_first(Pool& pool, Visit visit) {
    for (std::size_t in_chunk = newest_count(); newest != nullptr; in_chunk = Chunk::capacity) {
      for (std::size_t i = in_chunk; i-- > 0;) visit(std::as_const(newest->entries[i]));
      Chunk* const done = newest;
      newest = done->older;
      pool.give(done);
    }
    count = 0;
  }

  /// Empties the pile into visit(entry), in order of scheduling. `visit` may add to other piles.
  template <class Visit>
  void drain_oldest_first(Pool& pool, Visit visit) {
    Chunk* oldest = nullptr;
    for (Chunk* chunk = newest; chunk != nullptr;) {
      Chunk* const next = chunk->older;
      chunk->older = oldest;
      oldest = std::exchange(chunk, next);
    }
    for (std::size_t left = count; oldest != nullptr;) {
      const std::size_t in_chunk = std::min(left, Chunk::capacity);
      for (std::size_t i = 0; i < in_chunk; ++i) visit(std::as_const(oldest->entries[i]));
      left -= in_chunk;
      pool.give(std::exchange(oldest, oldest->older));
    }
    *this = {};
  }

 private:
  std::size_t newest_count() const { return count == 0 ? 0 : (count - 1) % Chunk::capacity + 1; }
};

}  // namespace sim
