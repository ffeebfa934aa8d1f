package request

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// FuzzJournal holds that a journal is refused with the line, or read into
// records that can be gone on with: the next one is appended behind them, and
// the end of the request moves the file to a name of ours.
func FuzzJournal(f *testing.F) {
	const accepted = `{"seq":1,"time":"2026-11-23T07:14:02.005384796Z","request":"01M83M2B9TWDTDMNM97Z28AT25","phase":"accepted","ask":{"capability":"database","name":"shop-db"}}` + "\n"
	for _, text := range []string{
		"", accepted, accepted + `{"seq":2,"request":"01M83M2B9TWDTDMNM97Z28AT25","step":"apply","phase":"intent"}` + "\n", accepted + `{"seq":2,"ti`,
		strings.Replace(accepted, "01M83M2B9TWDTDMNM97Z28AT25", "../../../x", 1), strings.Replace(accepted, "shop-db", "other", 1),
		strings.Replace(accepted, `"ask"`, `"asked"`, 1), "null\n", "{}\n", "[]\n", "\n", accepted + accepted, accepted + "\x00\n",
	} {
		f.Add([]byte(text))
	}
	now := func() time.Time { return time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC) }
	f.Fuzz(func(t *testing.T, data []byte) {
		dir := t.TempDir()
		path := filepath.Join(dir, "open", "shop-db.ndjson")
		if err := os.Mkdir(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		j, err := readJournal(dir, "shop-db", now)
		if err != nil {
			var damaged *DamagedError
			if !errors.As(err, &damaged) || damaged.Line < 1 {
				t.Fatalf("error = %#v, want *DamagedError with a line", err)
			}
			return
		}
		if !j.open() {
			return
		}
		if u := j.unfinished(); u.Ask.Name != "shop-db" || u.RequestID == "" {
			t.Fatalf("unfinished = %+v", u)
		}
		if err := j.append(record{Step: StepApply, Phase: phaseDone}); err != nil {
			t.Fatal(err)
		}
		again, err := readJournal(dir, "shop-db", now)
		if err != nil || len(again.records) != len(j.records) || again.torn {
			t.Fatalf("after an append: %+v, %v", again, err)
		}
		if err := j.close(); err != nil {
			t.Fatal(err)
		}
		if done, err := os.ReadDir(filepath.Join(dir, "done")); err != nil || len(done) != 1 {
			t.Fatalf("done: %v, %v", done, err)
		}
	})
}
