package request

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"
)

func testJournal(t *testing.T) *journal {
	t.Helper()
	dir := t.TempDir()
	now := func() time.Time { return time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC) }
	j, err := readJournal(dir, "shop-text", now)
	if err != nil {
		t.Fatal(err)
	}
	err = j.append(
		record{Phase: phaseAccepted, Request: "01", Ask: &Ask{Capability: "note", Name: "shop-text"}},
		record{Step: StepApply, Phase: phaseIntent, Request: "01"},
	)
	if err != nil {
		t.Fatal(err)
	}
	return j
}

// TestJournalCut cuts the file at every byte: a torn last line did not happen,
// and whatever is left can be read and appended to.
func TestJournalCut(t *testing.T) {
	j := testJournal(t)
	whole, err := os.ReadFile(j.path())
	if err != nil {
		t.Fatal(err)
	}
	for cut := range whole {
		if err := os.WriteFile(j.path(), whole[:cut], 0o600); err != nil {
			t.Fatal(err)
		}
		got, err := readJournal(j.dir, j.name, j.now)
		if err != nil {
			t.Fatalf("cut at %d: %v", cut, err)
		}
		before := len(got.records)
		if err := got.append(record{Phase: phaseAccepted, Request: "02", Ask: &Ask{Name: "shop-text"}}); err != nil {
			t.Fatalf("cut at %d: %v", cut, err)
		}
		again, err := readJournal(j.dir, j.name, j.now)
		if err != nil || len(again.records) != before+1 {
			t.Fatalf("cut at %d: %d records, %v", cut, len(again.records), err)
		}
	}
}

// TestJournalDamage damages lines that were once whole: that is never guessed at.
func TestJournalDamage(t *testing.T) {
	for _, damage := range []string{"x\n", `{"seq":7,"phase":"done"}` + "\n", "\n"} {
		j := testJournal(t)
		data, err := os.ReadFile(j.path())
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(j.path(), append([]byte(damage), data...), 0o600); err != nil {
			t.Fatal(err)
		}
		var damaged *DamagedError
		if _, err := readJournal(j.dir, j.name, j.now); !errors.As(err, &damaged) || damaged.Line != 1 {
			t.Errorf("%q: %v", damage, err)
		}
		list, err := ListUnfinished(j.dir)
		if err != nil || len(list) != 1 || list[0].Reason == "" {
			t.Errorf("%q: %+v, %v", damage, list, err)
		}
	}
}

func TestJournalClose(t *testing.T) {
	j := testJournal(t)
	if err := j.close(); err != nil {
		t.Fatal(err)
	}
	if list, err := ListUnfinished(j.dir); err != nil || len(list) != 0 {
		t.Errorf("unfinished: %+v, %v", list, err)
	}
	if _, err := os.Stat(filepath.Join(j.dir, "done", "01.ndjson")); err != nil {
		t.Error(err)
	}
}
