#include "engine/runtime/fenced_writer.h"

#include <algorithm>
#include <array>
#include <deque>
#include <mutex>
#include <string>
#include <utility>

#include "engine/base/assert.h"
#include "engine/base/fault_point.h"

namespace parlance {
namespace {

/// What the log's threads leave for the owner's turn: one post for many reports.
struct Report {
  bool of_claim;
  std::uint64_t number;  ///< the ticket, or the claim's number
  Result<Offset> what;
};
struct Reports {
  std::mutex mutex;  ///< guards both
  std::vector<Report> arrived;
  bool posted = false;
};

/// Own claims given up are remembered so far back: one that lands late is then no other owner's.
constexpr std::size_t given_up_max = 64;

}  // namespace

struct FencedWriter::Impl : std::enable_shared_from_this<FencedWriter::Impl> {
  enum class Phase {
    idle,         // before start()
    preparing,    // on the way to a claim: reads to the end, opens a handle, waits
    claiming,     // the claim is in flight
    owning,       // proposals may be made
    standing_by,  // deposed
    stopped,
  };
  struct PendingClaim {
    std::uint64_t number;
    RawId nonce;
    Sha256 hash;
    Bytes bytes;
    std::optional<Offset> reported;
  };
  struct InFlight {
    Ticket ticket;
    std::uint64_t epoch;
    Sha256 hash;
    Sha256 chain_after;
    Bytes bytes;
    std::optional<Result<Offset>> report;
  };
  struct Doubted {
    Ticket ticket;
    std::uint64_t epoch;
    Sha256 hash;
  };

  Impl(EventLog& log_in, PartitionId partition_in, LogState certain_in, Genesis genesis_in,
       std::optional<SealedMark> mark_in, Executor& executor_in, Random& random_in, Listener& listener_in)
      : log(log_in),
        partition(partition_in),
        exclusive(log_in.exclusive()),
        genesis(genesis_in),
        mark(mark_in),
        executor(executor_in),
        random(random_in),
        listener(listener_in),
        certain(certain_in),
        passed(certain) {
    PARLANCE_ASSERT(certain.log == log.id() && certain.partition == partition,
                    "the state is this partition's");
  }

  EventLog& log;
  const PartitionId partition;
  const bool exclusive;
  const Genesis genesis;
  std::optional<SealedMark> mark;  ///< until it was passed
  Executor& executor;
  Random& random;
  Listener& listener;
  const std::shared_ptr<Reports> reports = std::make_shared<Reports>();

  Phase phase = Phase::idle;
  LogState certain;
  PassedStates passed;
  std::deque<InFlight> q;
  std::deque<Doubted> d;
  Ticket last_ticket = 0;
  std::vector<Record> unsent;  ///< the last of q, for the append at the end of this turn

  std::uint64_t own_epoch = 0;  ///< of the last claim that was accepted
  bool after_doubt = false;     ///< preparing or claiming because of a doubt: another owner's claim deposes
  bool sealing = false;
  std::optional<PendingClaim> claim;
  std::uint64_t last_claim = 0;
  std::deque<RawId> given_up;
  unsigned claims_in_a_row = 0;
  bool handle_fresh = false;  ///< opened, and nothing sent on it
  bool waited = false;
  bool read_only_told = false;

  Offset read_until = 0;  ///< while preparing: the end as it was, so that a busy owner is no moving target
  bool step_posted = false;
  bool pausing = false;  ///< a timer leads on
  std::uint64_t pause_number = 0;
  bool read_retry_armed = false;
  bool missing = false;  ///< the last record folded could not be read again so far
  std::uint64_t missing_number = 0;
  bool watching = false;  ///< a timer looks after the oldest in flight

  // ---- turns and timers ----

  template <class Work> auto guarded(Work work) {
    return [weak = weak_from_this(), work] {
      if (const auto self = weak.lock(); self && self->phase != Phase::stopped) work(*self);
    };
  }
  template <class Work> void later(std::int64_t delay_ms, Work work) {
    executor.after(delay_ms, guarded(work));
  }
  void post_step() {
    if (step_posted) return;
    step_posted = true;
    executor.post(guarded([](Impl& self) {
      self.step_posted = false;
      self.step();
    }));
  }
  void begin_round() {
    read_until = log.end(partition);
    post_step();
  }
  void pause(std::int64_t delay_ms, bool counts_as_wait) {
    pausing = true;
    later(delay_ms, [number = ++pause_number, counts_as_wait](Impl& self) {
      if (self.pause_number != number || !self.pausing) return;
      self.pausing = false;
      if (counts_as_wait) self.waited = true;
      self.begin_round();
    });
  }

  [[nodiscard]] Error loss(Offset offset, std::string_view what) const {
    return {Errc::loss, "log.loss",
            "partition " + std::to_string(partition) + ", offset " + std::to_string(offset) + ": " +
                std::string(what)};
  }
  void stop_with(const Error& error) {
    if (phase == Phase::stopped) return;
    phase = Phase::stopped;
    listener.on_stopped(error);
  }

  // ---- assignment ----

  void start(bool to_seal) {
    PARLANCE_ASSERT(phase == Phase::idle || phase == Phase::standing_by,
                    "a writer is started once for each assignment");
    phase = Phase::preparing;
    sealing = to_seal;
    after_doubt = false;
    claims_in_a_row = 0;
    handle_fresh = false;
    waited = false;
    read_only_told = false;
    pausing = false;
    begin_round();
  }

  /// The mark stands for what was durable when the log was last open: the log must reach it, and be it.
  bool mark_holds() {
    if (!mark) return true;
    std::string_view what;
    if (log.end(partition) < mark->next) {
      what = "the log does not reach its sealed mark";
    } else if (certain.next == mark->next && certain.chain != mark->chain) {
      what = "the log is not what its sealed mark says";
    } else {
      if (certain.next >= mark->next) mark.reset();
      return true;
    }
    stop_with(loss(mark->next, what));
    return false;
  }

  // ---- reading ----

  void step() {
    if (phase == Phase::idle) return;
    if (phase == Phase::preparing ? !mark_holds() : log.end(partition) <= certain.next) return;
    const Offset before = certain.next;
    if (!read_some() || phase == Phase::stopped) return;
    const Offset until = phase == Phase::preparing ? read_until : log.end(partition);
    if (certain.next > before && certain.next < until) {
      post_step();
    } else if (phase == Phase::preparing) {
      prepare_claim();
    }
    if (phase == Phase::claiming && claim->reported && *claim->reported < certain.next) give_up_claim();
    process_reports();
  }

  /// Folds a batch. The last record folded is read again first (2), each time: a log that was cut and has grown again
  /// is noticed before anything more of it is believed. False when the fold may not go on now.
  bool read_some() {
    bool to_check = certain.next > 0;
    std::optional<Error> trouble;
    const Offset from = to_check ? certain.next - 1 : 0;
    const auto read =
        log.read(partition, from, (fault_point_taken("log.read_one") ? 1 : read_batch) + (to_check ? 1 : 0),
                 [&](const StoredRecord& record) {
                   if (to_check) {
                     to_check = false;
                     missing = false;
                     if (record.offset == from && sha256(record.bytes) == certain.last_record) return true;
                     trouble = loss(from, "the last record folded is another one now");
                     return false;
                   }
                   take(record.offset, record.bytes);
                   return phase != Phase::stopped;
                 });
    if (phase == Phase::stopped) return false;
    if (!trouble && !read) {
      if (read.error().code == Errc::unavailable) return retry_reading();
      trouble = read.error();
    }
    if (!trouble && to_check) {
      // A log of our own holds what it held, or has lost it. Of another one this process's copy may be behind a report.
      if (!exclusive) {
        expect_missing();
        return retry_reading();
      }
      trouble = loss(from, "the last record folded is gone");
    }
    if (trouble) stop_with(*trouble);
    return !trouble;
  }

  bool retry_reading() {
    if (!read_retry_armed) {
      read_retry_armed = true;
      later(retry_ms, [](Impl& self) {
        self.read_retry_armed = false;
        self.post_step();
      });
    }
    return false;
  }

  void expect_missing() {
    if (missing) return;
    missing = true;
    later(answer_timeout_ms, [number = ++missing_number](Impl& self) {
      if (self.missing && self.missing_number == number)
        self.stop_with(self.loss(self.certain.next - 1, "the last record folded is gone"));
    });
  }

  /// F := FOLD(F, record), and what follows from it.
  void take(Offset offset, ByteView bytes) {
    const auto folded = fold(certain, passed, offset, bytes);
    if (!folded) return stop_with(folded.error());
    if (mark && certain.next == mark->next && !mark_holds()) return;
    switch (folded->verdict) {
      case Verdict::void_record: return took_void(offset, *folded);
      case Verdict::accepted_claim: return took_claim(offset, *folded);
      case Verdict::accepted_envelope: return took_envelope(offset, *folded);
    }
  }

  void took_void(Offset offset, const Folded& folded) {
    listener.on_void(offset, certain);
    if (phase == Phase::claiming && claim->hash == folded.record_hash) give_up_claim();
  }

  void took_envelope(Offset offset, const Folded& folded) {
    std::optional<Ticket> ticket;
    if (!q.empty() && q.front().hash == folded.record_hash) {
      ticket = q.front().ticket;
      q.pop_front();
    } else if (const auto doubted = std::ranges::find(d, folded.record_hash, &Doubted::hash);
               doubted != d.end()) {
      ticket = doubted->ticket;
      d.erase(doubted);
    } else if (certain.epoch == own_epoch) {
      return stop_with({Errc::corrupt, "log.shared_owner",
                        "partition " + std::to_string(partition) + ", offset " + std::to_string(offset) +
                            ": an envelope of this owner's epoch that it did not send"});
    }
    listener.on_accepted(offset, folded, certain, ticket);
  }

  void took_claim(Offset offset, const Folded& folded) {
    const bool mine = phase == Phase::claiming && claim->nonce == certain.nonce;
    const bool once_mine = std::ranges::find(given_up, certain.nonce) != given_up.end();
    const bool deposed = phase == Phase::owning || (after_doubt && !mine && !once_mine);
    if (phase == Phase::owning) {
      end_owning(Phase::standing_by);
      listener.on_doubt();
      if (phase == Phase::stopped) return;
    }
    listener.on_accepted(offset, folded, certain, std::nullopt);
    settle();
    if (phase == Phase::stopped) return;
    if (certain.sealed) return stop_sealed();
    if (mine) {
      phase = Phase::owning;
      own_epoch = certain.epoch;
      after_doubt = false;
      claims_in_a_row = 0;
      claim.reset();
      given_up.clear();
      read_only_told = false;
      listener.on_owning();
    } else if (deposed) {
      phase = Phase::standing_by;
      after_doubt = false;
      claim.reset();
      pausing = false;
      listener.on_deposed();
    } else if (phase == Phase::claiming) {
      give_up_claim();  // its epoch is taken
    }
  }

  /// Rule 8, at an accepted claim: what is in doubt of an epoch below was not accepted below it, so it never is.
  void settle() {
    while (!d.empty() && d.front().epoch < certain.epoch && phase != Phase::stopped) {
      const Ticket ticket = d.front().ticket;
      d.pop_front();
      listener.on_never(ticket);
    }
  }

  // ---- claiming ----

  /// Everything up to the end is folded, and the last record was read again in this turn.
  void prepare_claim() {
    if (pausing) return;
    if (certain.sealed) return stop_sealed();
    if (!handle_fresh) {
      if (reopen()) begin_round();
      return;
    }
    if (!waited && (!exclusive || claims_in_a_row > 0))
      return pause(exclusive ? retry_ms : random_wait_ms(), true);
    send_claim();
  }

  bool reopen() {
    const auto opened = log.reopen(partition);
    handle_fresh = opened.has_value();
    if (handle_fresh) return true;
    pause(retry_ms, false);
    if (opened.error().code == Errc::read_only) tell_read_only();
    return false;
  }

  void tell_read_only() {
    if (read_only_told) return;
    read_only_told = true;
    listener.on_read_only();
  }

  /// Rule 13, before claim k in a row, the first being k = 0.
  std::int64_t random_wait_ms() {
    const std::int64_t bound = round_trip_ms << std::min(claims_in_a_row, 6U);
    std::array<std::uint8_t, 8> bytes;
    random.fill(bytes);
    return static_cast<std::int64_t>(ByteReader(bytes).le<std::uint64_t>() %
                                     static_cast<std::uint64_t>(bound + 1));
  }

  void send_claim() {
    Claim body;
    body.nonce = random.id128();
    body.seen = {certain.next, certain.seq, certain.chain};
    body.seal = sealing;
    if (certain.epoch == 0) body.genesis = genesis;
    Frame frame;
    frame.kind = RecordKind::claim;
    frame.format = claim_format;
    frame.partition = partition;
    frame.log = certain.log;
    frame.epoch = certain.epoch + 1;
    Bytes bytes = encode_record(frame, encode_claim(body));
    const Sha256 hash = sha256(bytes);

    phase = Phase::claiming;
    handle_fresh = false;
    waited = false;
    claim = PendingClaim{++last_claim, body.nonce, hash, bytes, std::nullopt};
    if (!exclusive)
      later(answer_timeout_ms, [number = last_claim](Impl& self) {
        if (self.claim && self.claim->number == number) self.give_up_claim();
      });
    std::vector<Record> records(1);
    records[0].bytes = std::move(bytes);
    records[0].chain = extend_chain(certain.chain, hash);
    append(std::move(records), true, last_claim);
  }

  void give_up_claim() {
    given_up.push_back(claim->nonce);
    if (given_up.size() > given_up_max) given_up.pop_front();
    claim.reset();
    ++claims_in_a_row;
    phase = Phase::preparing;
    begin_round();
  }

  void stop_sealed() {
    stop_with({Errc::read_only, "log.sealed", "partition " + std::to_string(partition) + " was sealed"});
  }

  // ---- sending and reports ----

  void append(std::vector<Record> records, bool of_claim, std::uint64_t first) {
    log.append(partition, std::move(records),
               [box = reports, weak = weak_from_this(), to = &executor, of_claim, first](
                   std::size_t index, Result<Offset> offset) {
                 {
                   const std::lock_guard lock(box->mutex);
                   box->arrived.push_back({of_claim, first + index, std::move(offset)});
                   if (box->posted) return;
                   box->posted = true;
                 }
                 to->post([weak] {
                   if (const auto self = weak.lock()) self->take_reports();
                 });
               });
  }

  void take_reports() {
    std::vector<Report> arrived;
    {
      const std::lock_guard lock(reports->mutex);
      arrived.swap(reports->arrived);
      reports->posted = false;
    }
    for (Report& report : arrived) {
      if (report.of_claim) {
        claim_reported(report.number, report.what);
      } else if (!q.empty() && report.number >= q.front().ticket && report.number <= q.back().ticket) {
        q[report.number - q.front().ticket].report = std::move(report.what);
      }
    }
    process_reports();
  }

  void claim_reported(std::uint64_t number, const Result<Offset>& what) {
    if (phase != Phase::claiming || claim->number != number) return;
    if (!what) {
      give_up_claim();
      if (what.error().code == Errc::read_only) tell_read_only();
    } else if (*what == certain.next) {
      const Bytes bytes = claim->bytes;
      take(*what, bytes);
    } else if (*what > certain.next) {
      claim->reported = *what;
      post_step();
    } else {
      give_up_claim();
    }
  }

  /// Rule 5: a report is looked at only when its record is the first of Q.
  void process_reports() {
    while (phase == Phase::owning && !q.empty() && q.front().report) {
      const Result<Offset>& report = *q.front().report;
      if (!report) return doubt(report.error().code);
      if (*report < certain.next) return doubt();
      if (*report > certain.next) {
        if (log.end(partition) > certain.next) return post_step();
        // Not readable yet: poll() comes, or the time-out. A log of our own has no such excuse.
        return exclusive ? doubt() : void();
      }
      const Offset offset = *report;
      const Bytes bytes = std::move(q.front().bytes);
      take(offset, bytes);
    }
  }

  /// Q and what of it is not sent go to D.
  void end_owning(Phase to) {
    phase = to;
    for (const InFlight& sent : q) d.push_back({sent.ticket, sent.epoch, sent.hash});
    q.clear();
    unsent.clear();
  }

  void doubt(Errc why = Errc::unavailable) {
    end_owning(Phase::preparing);
    after_doubt = true;
    claims_in_a_row = 0;
    waited = false;
    pausing = false;
    listener.on_doubt();
    if (phase != Phase::stopped && why == Errc::read_only) tell_read_only();
    if (phase != Phase::stopped && reopen()) begin_round();
  }

  void watch_oldest() {
    if (exclusive || watching || q.empty()) return;
    watching = true;
    later(answer_timeout_ms, [newest = q.back().ticket](Impl& self) {
      self.watching = false;
      if (self.phase == Phase::owning && !self.q.empty() && self.q.front().ticket <= newest) {
        self.doubt();
      } else {
        self.watch_oldest();
      }
    });
  }

  Ticket propose(ByteView body, const KindSet& kinds, std::vector<VaultRow> rows) {
    PARLANCE_ASSERT(phase == Phase::owning, "only an owner proposes");
    Frame frame;
    frame.partition = partition;
    frame.log = certain.log;
    frame.epoch = certain.epoch;
    frame.seq = certain.seq + q.size() + 1;
    frame.prev = q.empty() ? certain.chain : q.back().chain_after;
    frame.kinds = kinds;
    Record record;
    record.bytes = encode_record(frame, body);
    record.rows = std::move(rows);
    const Sha256 hash = sha256(record.bytes);
    record.chain = extend_chain(frame.prev, hash);
    q.push_back({++last_ticket, frame.epoch, hash, record.chain, record.bytes, std::nullopt});
    unsent.push_back(std::move(record));
    if (unsent.size() == 1) executor.post(guarded([](Impl& self) { self.flush(); }));
    return last_ticket;
  }

  void flush() {
    if (unsent.empty()) return;
    const Ticket first = last_ticket - unsent.size() + 1;
    append(std::exchange(unsent, {}), false, first);
    watch_oldest();
  }

  void compare(const LogState& reader) {
    PARLANCE_ASSERT(reader.log == certain.log && reader.partition == partition,
                    "the state is this partition's");
    const auto here = passed.at(reader.next);
    if (here && *here != Seen{reader.next, reader.seq, reader.chain})
      stop_with(loss(reader.next, "another fold of the log does not hold what this owner took for certain"));
  }
};

FencedWriter::FencedWriter(EventLog& log, PartitionId partition, LogState certain, Genesis genesis,
                           std::optional<SealedMark> mark, Executor& executor, Random& random,
                           Listener& listener)
    : impl_(std::make_shared<Impl>(log, partition, certain, genesis, mark, executor, random, listener)) {}

FencedWriter::~FencedWriter() { stop(); }
void FencedWriter::start() { impl_->start(false); }
void FencedWriter::seal() { impl_->start(true); }
void FencedWriter::poll() {
  if (impl_->phase != Impl::Phase::stopped && !(impl_->exclusive && owning())) impl_->post_step();
}
void FencedWriter::compare(const LogState& reader) {
  const auto alive = impl_;
  if (alive->phase != Impl::Phase::stopped) alive->compare(reader);
}
void FencedWriter::stop() { impl_->phase = Impl::Phase::stopped; }
bool FencedWriter::owning() const { return impl_->phase == Impl::Phase::owning; }
const LogState& FencedWriter::certain() const { return impl_->certain; }
std::size_t FencedWriter::in_flight() const { return impl_->q.size(); }
std::size_t FencedWriter::in_doubt() const { return impl_->d.size(); }
FencedWriter::Ticket FencedWriter::propose(ByteView body, const KindSet& kinds, std::vector<VaultRow> rows) {
  return impl_->propose(body, kinds, std::move(rows));
}

}  // namespace parlance
