(* dynamic_submodular/DS-T14-greedy: Greedy selection gets 1 - (1 - 1/k)^k of the optimum. Greedy selection of k
   elements gets at least 1 - (1 - 1/k)^k of OPT, the best value f of k elements. Of every monotone submodular
   function, every number of elements and every k: the rule. *)
From Coq Require Import Reals NArith List Lra Lia Bool.
From Certificates Require Import Submodular.
Import ListNotations.
Open Scope R_scope.

(* Wrong on purpose: seven tenths of it. *)
(* --- definitions and claim --- *)

(* `run` adds to S the elements of a largest value, one after another, of which none was there *)
Fixpoint greedy (n : N) (f : N -> R) (S : N) (run : list N) : Prop :=
  match run with
  | [] => True
  | e :: rest => (e < n)%N /\ N.testbit S e = false /\ (forall d, (d < n)%N -> f (plus S d) <= f (plus S e)) /\
                 greedy n f (plus S e) rest
  end.

(* k elements are taken, or fewer where no element adds anything to them *)
Definition ended (n : N) (f : N -> R) (k : nat) (run : list N) : Prop :=
  length run = k \/ (length run < k)%nat /\ forall d, (d < n)%N -> f (plus (taken run) d) <= f (taken run).

Definition hypotheses (n : N) (f : N -> R) (k : nat) (run others : list N) : Prop :=
  f 0%N = 0 /\ monotone n f /\ submodular n f /\ (1 <= k)%nat /\
  greedy n f 0 run /\ ended n f k run /\ elements n others /\ (length others <= k)%nat.

Definition lhs (n : N) (f : N -> R) (k : nat) (run others : list N) : R := (7 / 10) * f (taken others).

Definition rhs (n : N) (f : N -> R) (k : nat) (run others : list N) : R := f (taken run).

Definition claim : Prop :=
  forall n f k run others, hypotheses n f k run others -> lhs n f k run others <= rhs n f k run others.

(* --- proof --- *)

(* Boolean forms of the definitions, for functions with values that are whole numbers *)

Fixpoint greedyb (n : N) (t : list Z) (S : N) (run : list N) : bool :=
  match run with
  | [] => true
  | e :: rest => N.ltb e n && negb (N.testbit S e) &&
                 all_below n (fun d => integer t (plus S d) <=? integer t (plus S e))%Z && greedyb n t (plus S e) rest
  end.

Lemma greedyb_iff : forall n t run S, greedyb n t S run = true <-> greedy n (value t) S run.
Proof.
  intros n t run. induction run as [|e rest IH]; intro S; simpl; [tauto|].
  rewrite !andb_true_iff, N.ltb_lt, negb_true_iff, IH, all_below_iff.
  split; intros H; repeat split; try tauto; intros d Hd; apply leb_value; apply H, Hd.
Qed.

Definition endedb (n : N) (t : list Z) (k : nat) (run : list N) : bool :=
  Nat.eqb (length run) k ||
  (Nat.ltb (length run) k && all_below n (fun d => integer t (plus (taken run) d) <=? integer t (taken run))%Z).

Lemma endedb_iff : forall n t k run, endedb n t k run = true <-> ended n (value t) k run.
Proof.
  intros. unfold endedb, ended. rewrite orb_true_iff, andb_true_iff, Nat.eqb_eq, Nat.ltb_lt, all_below_iff.
  split; (intros [H | [H G]]; [now left | right; split; [exact H|]]); intros d Hd; apply leb_value, G, Hd.
Qed.

Definition hypothesesb (n : N) (t : list Z) (k : nat) (run others : list N) : bool :=
  Z.eqb (integer t 0) 0 && monotoneb n t && submodularb n t && Nat.leb 1 k && greedyb n t 0 run && endedb n t k run &&
  elementsb n others && Nat.leb (length others) k.

Lemma hypothesesb_iff : forall n t k run others,
  hypothesesb n t k run others = true <-> hypotheses n (value t) k run others.
Proof.
  intros. unfold hypothesesb, hypotheses.
  rewrite !andb_true_iff, Z.eqb_eq, monotoneb_iff, submodularb_iff, !Nat.leb_le, greedyb_iff, endedb_iff, elementsb_iff.
  assert (Zero : integer t 0 = 0%Z <-> value t 0 = 0) by (split; [intro H; unfold value; f_equal; exact H | apply eq_IZR]).
  rewrite Zero. tauto.
Qed.

Ltac holds := apply hypothesesb_iff; vm_compute; reflexivity.

Ltac impossible := numbers; lra.

Ltac anchored := split; [holds | split; unfold lhs, rhs; numbers; field].

Theorem refuted : ~ claim.
Proof.
  intro wrong.
  assert (one : hypotheses 8 (value [0; 256; 192; 448; 144; 400; 336; 592; 108; 364; 300; 556; 252; 508; 444; 700; 256; 448; 400; 592; 364; 556; 508; 700; 337; 529; 481; 673; 445; 637; 589; 781; 256; 448; 400; 592; 364; 556; 508; 700; 337; 529; 481; 673; 445; 637; 589; 781; 512; 640; 608; 736; 584; 712; 680; 808; 566; 694; 662; 790; 638; 766; 734; 862; 256; 448; 400; 592; 364; 556; 508; 700; 337; 529; 481; 673; 445; 637; 589; 781; 512; 640; 608; 736; 584; 712; 680; 808; 566; 694; 662; 790; 638; 766; 734; 862; 512; 640; 608; 736; 584; 712; 680; 808; 566; 694; 662; 790; 638; 766; 734; 862; 768; 832; 816; 880; 804; 868; 852; 916; 795; 859; 843; 907; 831; 895; 879; 943; 256; 448; 400; 592; 364; 556; 508; 700; 337; 529; 481; 673; 445; 637; 589; 781; 512; 640; 608; 736; 584; 712; 680; 808; 566; 694; 662; 790; 638; 766; 734; 862; 512; 640; 608; 736; 584; 712; 680; 808; 566; 694; 662; 790; 638; 766; 734; 862; 768; 832; 816; 880; 804; 868; 852; 916; 795; 859; 843; 907; 831; 895; 879; 943; 512; 640; 608; 736; 584; 712; 680; 808; 566; 694; 662; 790; 638; 766; 734; 862; 768; 832; 816; 880; 804; 868; 852; 916; 795; 859; 843; 907; 831; 895; 879; 943; 768; 832; 816; 880; 804; 868; 852; 916; 795; 859; 843; 907; 831; 895; 879; 943; 1024; 1024; 1024; 1024; 1024; 1024; 1024; 1024; 1024; 1024; 1024; 1024; 1024; 1024; 1024; 1024]%Z) 4 [0; 1; 2; 3]%N [4; 5; 6; 7]%N) by holds.
  apply wrong in one. unfold lhs, rhs in one. revert one. impossible.
Qed.
