// Package archtest holds the layer table and the test that enforces it.
package archtest
