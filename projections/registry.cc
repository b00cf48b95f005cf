#include "projections/registry.h"

#include "projections/attachment_view.h"
#include "projections/facts_view.h"
#include "projections/queue_view.h"
#include "projections/ticket_view.h"
#include "projections/workload_view.h"

namespace parlance {

std::vector<Projection> registry() {
  return {
      projection<TicketView>(), projection<QueueView>(),      projection<WorkloadView>(),
      projection<FactsView>(),  projection<AttachmentView>(),
  };
}

}  // namespace parlance
