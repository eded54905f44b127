(* alpha_rank/MI-L3: Masses change by at most the 2(n-1)-th power of the change of the rates. If the positive rates
   C and C_hat of two chains on n states differ by at most b in logarithm, then so do their stationary laws pi and
   pi_hat by at most 2 (n - 1) b, in every state. Of every two chains with positive rates on any number of states,
   by the trees into each state: the rule. *)
From Coq Require Import Reals List Lra Lia.
Import ListNotations.
Open Scope R_scope.

(* Wrong on purpose: n - 1 for 2(n - 1). *)
(* --- definitions and claim --- *)

(* moves are numbered, a tree is the list of its moves, and `trees` has for each state those that lead to it *)
Definition weight (rates : list R) (tree : list nat) : R := fold_right (fun e x => nth e rates 0 * x) 1 tree.

Definition sum (rates : list R) (trees : list (list nat)) : R := fold_right (fun t x => weight rates t + x) 0 trees.

Definition mass (rates : list R) (trees : list (list (list nat))) (s : nat) : R :=
  sum rates (nth s trees []) / fold_right (fun ts x => sum rates ts + x) 0 trees.

(* r is e^b: both are positive, and neither is more than r times the other one *)
Definition within (r a b : R) : Prop := 0 < a /\ 0 < b /\ a <= r * b /\ b <= r * a.

Definition tree_of (n moves : nat) (tree : list nat) : Prop :=
  length tree = (n - 1)%nat /\ Forall (fun e => (e < moves)%nat) tree.

(* p and q are the masses of the state s in two chains *)
Definition hypotheses (rates other : list R) (trees : list (list (list nat))) (s : nat) (r p q : R) : Prop :=
  Forall2 (within r) rates other /\ (s < length trees)%nat /\
  Forall (fun ts => ts <> [] /\ Forall (tree_of (length trees) (length rates)) ts) trees /\
  p = mass rates trees s /\ q = mass other trees s.

Definition lhs (rates other : list R) (trees : list (list (list nat))) (s : nat) (r p q : R) : R := Rmax (q / p) (p / q).

Definition rhs (rates other : list R) (trees : list (list (list nat))) (s : nat) (r p q : R) : R :=
  r ^ (1 * (length trees - 1)).

Definition claim : Prop := forall rates other trees s r p q,
  hypotheses rates other trees s r p q -> lhs rates other trees s r p q <= rhs rates other trees s r p q.

(* --- proof --- *)

Ltac holds := unfold hypotheses, within, tree_of, mass, sum, weight; simpl;
  repeat (first [lra | lia | split | constructor | congruence]); field.

Ltac numbers := simpl length; simpl pow; simpl Nat.sub; simpl Nat.mul.

Ltac impossible := numbers; unfold Rmax; destruct Rle_dec; lra.

Ltac anchored := split; [holds | split; unfold lhs, rhs; numbers; [unfold Rmax; destruct Rle_dec; lra | field]].

(* --- theorem --- *)

Lemma product : forall r R a b x y, within r a b -> within R x y -> within (r * R) (a * x) (b * y).
Proof.
  intros r R a b x y [A [B [AB BA]]] [X [Y [XY YX]]]. unfold within. repeat split; try (apply Rmult_lt_0_compat; assumption).
  - replace (r * R * (b * y)) with ((r * b) * (R * y)) by ring. apply Rmult_le_compat; lra.
  - replace (r * R * (a * x)) with ((r * a) * (R * x)) by ring. apply Rmult_le_compat; lra.
Qed.

Lemma added : forall r a b x y, within r a b -> within r x y -> within r (a + x) (b + y).
Proof. unfold within. intros. repeat split; lra. Qed.

Lemma rate : forall r c d, Forall2 (within r) c d -> forall e, (e < length c)%nat -> within r (nth e c 0) (nth e d 0).
Proof.
  intros r c d F. induction F as [|a b c d H F IH]; intros e He; simpl in He; [lia|].
  destruct e; simpl; [exact H | apply IH; lia].
Qed.

Lemma tree_within : forall r c d, Forall2 (within r) c d -> forall t, Forall (fun e => (e < length c)%nat) t ->
  within (r ^ length t) (weight c t) (weight d t).
Proof.
  intros r c d F t. induction t as [|e t IH]; intros E; simpl.
  - unfold within. lra.
  - inversion E; subst. apply product; [apply (rate r c d F); assumption | apply IH; assumption].
Qed.

Lemma sum_within : forall r c d n, Forall2 (within r) c d -> forall ts, ts <> [] ->
  Forall (tree_of n (length c)) ts -> within (r ^ (n - 1)) (sum c ts) (sum d ts).
Proof.
  intros r c d n F ts. induction ts as [|t ts IH]; intros N E; [congruence|]. inversion E as [|? ? [L T] E']; subst.
  assert (W := tree_within r c d F t T). rewrite L in W. destruct ts as [|u ts].
  - unfold sum. simpl. rewrite !Rplus_0_r. exact W.
  - change (sum c (t :: u :: ts)) with (weight c t + sum c (u :: ts)).
    change (sum d (t :: u :: ts)) with (weight d t + sum d (u :: ts)).
    apply added; [exact W | apply IH; [congruence | exact E']].
Qed.

Lemma total_within : forall r c d n, Forall2 (within r) c d -> forall trees, trees <> [] ->
  Forall (fun ts => ts <> [] /\ Forall (tree_of n (length c)) ts) trees ->
  within (r ^ (n - 1)) (fold_right (fun ts x => sum c ts + x) 0 trees) (fold_right (fun ts x => sum d ts + x) 0 trees).
Proof.
  intros r c d n F trees. induction trees as [|ts trees IH]; intros N E; [congruence|].
  inversion E as [|? ? [N1 E1] E']; subst. assert (W := sum_within r c d n F ts N1 E1).
  destruct trees as [|us trees]; simpl fold_right.
  - rewrite !Rplus_0_r. exact W.
  - apply added; [exact W | apply IH; [congruence | exact E']].
Qed.

Lemma inverse : forall r a b, within r a b -> within r (/ a) (/ b).
Proof.
  intros r a b [A [B [AB BA]]]. assert (P := Rinv_0_lt_compat a A). assert (Q := Rinv_0_lt_compat b B).
  unfold within. repeat split; try assumption.
  - apply Rmult_le_reg_r with (a * b); [apply Rmult_lt_0_compat; assumption|].
    replace (/ a * (a * b)) with b by (field; lra). replace (r * / b * (a * b)) with (r * a) by (field; lra). exact BA.
  - apply Rmult_le_reg_r with (a * b); [apply Rmult_lt_0_compat; assumption|].
    replace (/ b * (a * b)) with a by (field; lra). replace (r * / a * (a * b)) with (r * b) by (field; lra). exact AB.
Qed.

Theorem certified : claim.
Proof.
  intros c d trees s r p q [F [S [E [P Q]]]]. unfold lhs, rhs. set (n := length trees) in *.
  assert (N : trees <> []) by (intro X; unfold n in S; rewrite X in S; simpl in S; lia).
  assert (T := total_within r c d n F trees N E). assert (I := inverse _ _ _ T).
  assert (X : In (nth s trees []) trees) by (apply nth_In; exact S).
  rewrite Forall_forall in E. destruct (E _ X) as [N1 E1]. assert (W := sum_within r c d n F _ N1 E1).
  assert (M := product _ _ _ _ _ _ W I). fold (Rdiv (sum c (nth s trees [])) (fold_right (fun ts x => sum c ts + x) 0 trees)) in M.
  fold (Rdiv (sum d (nth s trees [])) (fold_right (fun ts x => sum d ts + x) 0 trees)) in M.
  fold (mass c trees s) in M. fold (mass d trees s) in M. rewrite <- P, <- Q in M.
  replace (2 * (n - 1))%nat with ((n - 1) + (n - 1))%nat by lia. rewrite pow_add.
  destruct M as [M1 [M2 [M3 M4]]]. unfold Rmax. destruct Rle_dec.
  - apply Rmult_le_reg_r with q; [exact M2|]. unfold Rdiv. rewrite Rmult_assoc, Rinv_l, Rmult_1_r by lra. exact M3.
  - apply Rmult_le_reg_r with p; [exact M1|]. unfold Rdiv. rewrite Rmult_assoc, Rinv_l, Rmult_1_r by lra. exact M4.
Qed.
