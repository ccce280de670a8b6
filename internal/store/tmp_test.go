package store_test
import ("testing";"context";"time";"os";"hedui/internal/queue";"hedui/internal/store";"hedui/internal/store/storetest";"sync/atomic")
func TestTmp(t *testing.T){
 db := storetest.Engines()[1].Open(t)
 if os.Getenv("TMPX")=="" {t.Skip()}
 n:=0
 for time.Now(); n < 4096*100; {
  const round=4096
  for i := range 4 { inTx(t, db, func(ctx context.Context, tx *store.Tx) error { return tx.Enqueue(ctx, jobs(n+i*round/4, round/4)...) }) }
  ctx, cancel := context.WithCancel(context.Background())
  var left, errs atomic.Int64; left.Store(round)
  work := func(ctx context.Context, jobs []queue.Job) error {
   err := db.InTx(ctx, func(tx *store.Tx) error { return tx.FinishJobs(ctx, jobs) })
   if err!=nil {errs.Add(1)}
   if left.Add(-int64(len(jobs))) == 0 { cancel() }
   return err }
  r := &queue.Runner{Store: db.Queue(), Lanes: []queue.Lane{{Name: "l", Batch: 50, Workers: 4, Work: work}}}
  t0:=time.Now(); _ = r.Run(ctx); d:=time.Since(t0); n+=round
  if d > 400*time.Millisecond || n%(20*4096)==0 { t.Logf("round %d: %v errs %d", n/round, d, errs.Load()) }
 }
}
