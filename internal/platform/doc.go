// Package platform knows what a platform is and where it lives: platform.yaml
// with its environments, the layout of a platform's repository, which platform
// a command means, and the directories of this machine that belong to it.
//
// It decides and names; apart from the directories of [Home] and the user's
// settings it changes nothing.
package platform
