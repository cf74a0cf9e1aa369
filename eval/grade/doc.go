// Package grade holds the graders that come with Switchgear, one file each.
package grade
