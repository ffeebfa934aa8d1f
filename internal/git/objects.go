package git

type objects struct{ dir string }

func newObjects(dir string) *objects { return &objects{dir: dir} }
